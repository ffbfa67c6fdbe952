#include "gannet/ml/v1/prediction.pb.h"
#include "gannet/news/v1/news.pb.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace pb = ::gannet::news::v1;
namespace ml_pb = ::gannet::ml::v1;
using market::DriftState;
using market::NewsEventType;
using market::NewsRelation;

constexpr EnumTable<NewsEventType, pb::NewsEventType, 7> kEventTypes({
    {NewsEventType::kNone, pb::NEWS_EVENT_TYPE_NONE},
    {NewsEventType::kFedSpeech, pb::NEWS_EVENT_TYPE_FED_SPEECH},
    {NewsEventType::kPoliticalPost, pb::NEWS_EVENT_TYPE_POLITICAL_POST},
    {NewsEventType::kHack, pb::NEWS_EVENT_TYPE_HACK},
    {NewsEventType::kRegulation, pb::NEWS_EVENT_TYPE_REGULATION},
    {NewsEventType::kPartnership, pb::NEWS_EVENT_TYPE_PARTNERSHIP},
    {NewsEventType::kTechnical, pb::NEWS_EVENT_TYPE_TECHNICAL},
});
constexpr EnumTable<NewsRelation, pb::NewsRelation, 4> kRelations({
    {NewsRelation::kOriginal, pb::NEWS_RELATION_ORIGINAL},
    {NewsRelation::kRepeat, pb::NEWS_RELATION_REPEAT},
    {NewsRelation::kCorrection, pb::NEWS_RELATION_CORRECTION},
    {NewsRelation::kRetraction, pb::NEWS_RELATION_RETRACTION},
});

}  // namespace

constexpr EnumTable<DriftState, ml_pb::DriftState, 4> kDriftStates({
    {DriftState::kOk, ml_pb::DRIFT_STATE_OK},
    {DriftState::kWarning, ml_pb::DRIFT_STATE_WARNING},
    {DriftState::kDrifted, ml_pb::DRIFT_STATE_DRIFTED},
    {DriftState::kUnknown, ml_pb::DRIFT_STATE_UNKNOWN},
});

template <>
struct Convert<market::NewsItem> {
  using Envelope = pb::NewsItemEvent;

  using Proto = pb::NewsItem;

  static void Write(const market::NewsItem& value, MessageWriter& out) {
    out.Text(Proto::kSourceFieldNumber, value.source);
    out.Text(Proto::kSourceIdFieldNumber, value.source_id);
    out.Text(Proto::kUrlFieldNumber, value.url);
    out.Text(Proto::kTitleFieldNumber, value.title);
    out.Text(Proto::kSummaryFieldNumber, value.summary);
    out.Text(Proto::kLanguageFieldNumber, value.language);
    out.Time(Proto::kPublishedNsFieldNumber, value.published);
    out.Time(Proto::kReceivedNsFieldNumber, value.received);
    out.Bool(Proto::kPublishedStatedFieldNumber, value.published_stated);
  }

  static market::NewsItem From(const pb::NewsItem& message, Problem& problem) {
    market::NewsItem value;
    value.source = problem.RequiredText<std::string>(message.source(), "value.source");
    value.source_id = message.source_id();
    value.url = message.url();
    value.title = message.title();
    value.summary = message.summary();
    value.language = message.language();
    value.published = base::FromUnixNanos(message.published_ns());
    value.received = base::FromUnixNanos(message.received_ns());
    value.published_stated = message.published_stated();
    return value;
  }
};

template <>
struct Convert<market::NewsSignal> {
  using Envelope = pb::NewsSignalEvent;

  using Proto = pb::NewsSignal;

  static void Write(const market::NewsSignal& value, MessageWriter& out) {
    if (value.item != market::EventId{}) out.EventId(Proto::kItemFieldNumber, value.item);
    out.Text(Proto::kTitleFieldNumber, value.title);
    out.Text(Proto::kSourceFieldNumber, value.source);
    out.Enum(Proto::kTypeFieldNumber, kEventTypes.ToProto(value.type));
    out.Unsigned(Proto::kTypeProbabilityPpmFieldNumber, value.type_probability_ppm);
    out.Zigzag(Proto::kSentimentPpmFieldNumber, value.sentiment_ppm);
    out.Unsigned(Proto::kNoveltyPpmFieldNumber, value.novelty_ppm);
    out.Unsigned(Proto::kConfidencePpmFieldNumber, value.confidence_ppm);
    out.Enum(Proto::kRelationFieldNumber, kRelations.ToProto(value.relation));
    if (value.original != market::EventId{})
      out.EventId(Proto::kOriginalFieldNumber, value.original);
    for (const market::Entity& entity : value.entities) {
      out.Message(Proto::kEntitiesFieldNumber, [&](MessageWriter& part) {
        part.Text(pb::Entity::kIdFieldNumber, entity.id);
        part.Text(pb::Entity::kTextFieldNumber, entity.text);
        part.Unsigned(pb::Entity::kOffsetFieldNumber, entity.offset);
        part.Zigzag(pb::Entity::kSentimentPpmFieldNumber, entity.sentiment_ppm);
      });
    }
    for (const market::InstrumentId& id : value.instruments)
      out.AddText(Proto::kInstrumentsFieldNumber, id.text());
    out.Text(Proto::kClassifierVersionFieldNumber, value.classifier_version);
    out.Text(Proto::kDictionaryVersionFieldNumber, value.dictionary_version);
    out.Signed(Proto::kLatencyNsFieldNumber, value.latency.count());
    out.Text(Proto::kSourceIdFieldNumber, value.source_id);
  }

  static market::NewsSignal From(const pb::NewsSignal& message, Problem& problem) {
    market::NewsSignal value;
    value.item = EventIdFrom(message.item());
    value.title = message.title();
    value.source = message.source();
    value.source_id = message.source_id();
    value.type = problem.Enum(kEventTypes, message.type(), "value.type");
    value.type_probability_ppm = message.type_probability_ppm();
    value.sentiment_ppm = message.sentiment_ppm();
    value.novelty_ppm = message.novelty_ppm();
    value.confidence_ppm = message.confidence_ppm();
    value.relation = problem.Enum(kRelations, message.relation(), "value.relation");
    value.original = EventIdFrom(message.original());
    value.entities.reserve(static_cast<size_t>(message.entities_size()));
    for (const pb::Entity& entity : message.entities()) {
      value.entities.push_back({.id = entity.id(),
                                .text = entity.text(),
                                .offset = entity.offset(),
                                .sentiment_ppm = entity.sentiment_ppm()});
    }
    for (const std::string& id : message.instruments()) value.instruments.emplace_back(id);
    value.classifier_version = message.classifier_version();
    value.dictionary_version = message.dictionary_version();
    value.latency = base::Duration(message.latency_ns());
    return value;
  }
};

template <>
struct Convert<market::Prediction> {
  using Envelope = ml_pb::PredictionEvent;

  using Proto = ml_pb::Prediction;

  static void Write(const market::Prediction& value, MessageWriter& out) {
    out.Text(Proto::kInstrumentFieldNumber, value.instrument);
    out.Text(Proto::kModelFieldNumber, value.model);
    out.Text(Proto::kVersionFieldNumber, value.version);
    out.Signed(Proto::kHorizonNsFieldNumber, value.horizon.count());
    out.Unsigned(Proto::kDownPpmFieldNumber, value.down_ppm);
    out.Unsigned(Proto::kFlatPpmFieldNumber, value.flat_ppm);
    out.Unsigned(Proto::kUpPpmFieldNumber, value.up_ppm);
    out.Bytes(Proto::kFeatureHashFieldNumber, value.feature_hash);
    out.Enum(Proto::kDriftFieldNumber, kDriftStates.ToProto(value.drift));
  }

  static market::Prediction From(const ml_pb::Prediction& message, Problem& problem) {
    market::Prediction value;
    value.instrument = market::InstrumentId(message.instrument());
    value.model = message.model();
    value.version = message.version();
    value.horizon = base::Duration(message.horizon_ns());
    value.down_ppm = message.down_ppm();
    value.flat_ppm = message.flat_ppm();
    value.up_ppm = message.up_ppm();
    value.feature_hash = problem.Digest(message.feature_hash(), "value.feature_hash");
    value.drift = problem.Enum(kDriftStates, message.drift(), "value.drift");
    return value;
  }
};

GANNET_WIRE_INSTANTIATE(market::NewsItem);
GANNET_WIRE_INSTANTIATE(market::NewsSignal);
GANNET_WIRE_INSTANTIATE(market::Prediction);

}  // namespace gannet::wire
