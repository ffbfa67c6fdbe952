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
constexpr EnumTable<DriftState, ml_pb::DriftState, 4> kDriftStates({
    {DriftState::kOk, ml_pb::DRIFT_STATE_OK},
    {DriftState::kWarning, ml_pb::DRIFT_STATE_WARNING},
    {DriftState::kDrifted, ml_pb::DRIFT_STATE_DRIFTED},
    {DriftState::kUnknown, ml_pb::DRIFT_STATE_UNKNOWN},
});

}  // namespace

template <>
struct Convert<market::NewsItem> {
  using Envelope = pb::NewsItemEvent;

  static void To(const market::NewsItem& value, pb::NewsItem& message) {
    SetText(value.source, message.mutable_source());
    SetText(value.source_id, message.mutable_source_id());
    SetText(value.url, message.mutable_url());
    SetText(value.title, message.mutable_title());
    SetText(value.summary, message.mutable_summary());
    SetText(value.language, message.mutable_language());
    message.set_published_ns(base::UnixNanos(value.published));
    message.set_received_ns(base::UnixNanos(value.received));
    message.set_published_stated(value.published_stated);
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

  static void To(const market::NewsSignal& value, pb::NewsSignal& message) {
    if (value.item != market::EventId{}) SetEventId(value.item, *message.mutable_item());
    SetText(value.title, message.mutable_title());
    SetText(value.source, message.mutable_source());
    SetText(value.source_id, message.mutable_source_id());
    message.set_type(kEventTypes.ToProto(value.type));
    message.set_type_probability_ppm(value.type_probability_ppm);
    message.set_sentiment_ppm(value.sentiment_ppm);
    message.set_novelty_ppm(value.novelty_ppm);
    message.set_confidence_ppm(value.confidence_ppm);
    message.set_relation(kRelations.ToProto(value.relation));
    if (value.original != market::EventId{})
      SetEventId(value.original, *message.mutable_original());
    for (const market::Entity& entity : value.entities) {
      pb::Entity& added = *message.add_entities();
      SetText(entity.id, added.mutable_id());
      SetText(entity.text, added.mutable_text());
      added.set_offset(entity.offset);
      added.set_sentiment_ppm(entity.sentiment_ppm);
    }
    for (const market::InstrumentId& id : value.instruments) SetText(id, message.add_instruments());
    SetText(value.classifier_version, message.mutable_classifier_version());
    SetText(value.dictionary_version, message.mutable_dictionary_version());
    message.set_latency_ns(value.latency.count());
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

  static void To(const market::Prediction& value, ml_pb::Prediction& message) {
    SetText(value.instrument, message.mutable_instrument());
    SetText(value.model, message.mutable_model());
    SetText(value.version, message.mutable_version());
    message.set_horizon_ns(value.horizon.count());
    message.set_down_ppm(value.down_ppm);
    message.set_flat_ppm(value.flat_ppm);
    message.set_up_ppm(value.up_ppm);
    SetDigest(value.feature_hash, message.mutable_feature_hash());
    message.set_drift(kDriftStates.ToProto(value.drift));
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
