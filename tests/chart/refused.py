"""Values that the chart must refuse, each with what the refusal has to name. They are laid
over ci/default-values.yaml; None as a value takes a key of it away."""

SERVICES = ("ingest", "news-signal", "ml-inference", "strategy", "risk", "execution", "reporting", "gateway", "recorder")


def service(name, **keys):
    return {"services": {name: keys}}


REDIS = {"redis": {"mode": "external", "address": "redis.example:6379", "existingSecret": "a"}}
SCALER = {"enabled": True, "minReplicas": 2, "maxReplicas": 4}

REFUSED = [
    # unknown keys and wrong types
    ("an unknown key", {"replicaCount": 3}, "replicaCount"),
    ("an unknown key of a service", service("risk", replicaz=1), "replicaz"),
    ("an unknown service", service("pricing", enabled=True), "pricing"),
    ("an unknown key of kafka", {"kafka": {"broker": "a:1"}}, "broker"),
    ("text for a switch", service("risk", enabled="yes"), "/services/risk/enabled"),
    ("a map for a configuration", service("risk", config={"version": 1}), "/services/risk/config"),
    ("text for a number", {"topics": {"replication": "3"}}, "/topics/replication"),
    ("a size without a unit", {"defaults": {"persistence": {"size": "10"}}}, "/defaults/persistence/size"),
    ("a limit without memory", {"defaults": {"resources": {"limits": {"memory": None}}}}, "/defaults/resources/limits"),
    ("a request without processors", service("risk", resources={"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}}), "cpu"),
    ("an unknown level of logs", {"defaults": {"logLevel": "trace"}}, "/defaults/logLevel"),
    ("an unknown right", {"rpc": {"people": [{"name": "a", "rights": ["all"]}]}}, "/rpc/people/0/rights"),
    ("a token in clear", {"rpc": {"people": [{"name": "a", "rights": ["read"], "tokenSha256": "secret"}]}}, "tokenSha256"),
    ("a peer that is none", {"networkPolicy": {"clients": [{}]}}, "/networkPolicy/clients/0"),
    ("an address without a mask", {"networkPolicy": {"venues": {"cidrs": ["10.0.0.1"]}}}, "/networkPolicy/venues/cidrs"),
    ("a name too long", {"fullnameOverride": "x" * 37}, "/fullnameOverride"),
    # single writers
    *[(f"two pods of {name}", service(name, replicas=2), f"/services/{name}/replicas") for name in SERVICES if name != "gateway"],
    ("no pod of execution", service("execution", replicas=0), "/services/execution/replicas"),
    ("a scaler of execution", service("execution", autoscaling=SCALER), "autoscaling"),
    ("a scaler on lag of news-signal", service("news-signal", keda=SCALER), "keda"),
    # scalers
    ("two scalers", service("inference", enabled=True, autoscaling=SCALER, keda=SCALER), "/services/inference"),
    ("a scaler upside down", service("inference", enabled=True, autoscaling={**SCALER, "minReplicas": 9}), "minReplicas is above maxReplicas"),
    ("KEDA that is not there", service("inference", enabled=True, keda=SCALER), "keda.sh/v1alpha1"),
    ("an operator that is not there", {"monitoring": {"serviceMonitor": {"enabled": True}}}, "monitoring.coreos.com/v1"),
    ("two gateways that know nothing of each other's sessions", service("gateway", replicas=2, usersSecret="a"), "redis.mode"),
    ("two gateways with people of their own", {**REDIS, **service("gateway", replicas=2)}, "services.gateway.usersSecret"),
    ("a scaler of gateways with people of their own", {**REDIS, **service("gateway", autoscaling={**SCALER, "minReplicas": 1})}, "services.gateway.usersSecret"),
    ("two scalers of the gateway", {**REDIS, **service("gateway", usersSecret="a", autoscaling=SCALER, keda=SCALER)}, "/services/gateway"),
    ("a scaler of the gateway upside down", {**REDIS, **service("gateway", usersSecret="a", autoscaling={**SCALER, "minReplicas": 9})}, "minReplicas is above maxReplicas"),
    ("no gateway at all, enabled", service("gateway", replicas=0), "/services/gateway/replicas"),
    ("people beside the chart's", service("gateway", config="users_file: /a\n"), "services.gateway.usersSecret"),
    # places and secrets
    ("no brokers", {"kafka": {"brokers": ""}}, "/kafka/brokers"),
    ("brokers without a port", {"kafka": {"brokers": "kafka.example"}}, "/kafka/brokers"),
    ("no hosts", {"postgres": {"hosts": []}}, "/postgres/hosts"),
    ("a host without a port", {"postgres": {"hosts": ["db.example"]}}, "/postgres/hosts/0"),
    ("no secret of TLS", {"tls": {"existingSecret": ""}}, "/tls/existingSecret"),
    ("no secret of Kafka", {"kafka": {"existingSecret": ""}}, "/kafka/existingSecret"),
    ("no secret of PostgreSQL", {"postgres": {"existingSecret": ""}}, "/postgres/existingSecret"),
    ("a secret in the values", {"kafka": {"password": "secret"}}, "password"),
    ("a user without a name", {"kafka": {"auth": "scram"}}, "/kafka/user"),
    ("a Kafka that trusts everybody", {"kafka": {"auth": "none"}}, "/kafka/auth"),
    ("users of the bundled Kafka", {"kafka": {"mode": "bundled", "auth": "scram", "user": "a", "bundled": {"existingSecret": "s"}}}, "/kafka/auth"),
    ("a bundled Kafka without its certificate", {"kafka": {"mode": "bundled"}}, "/kafka/bundled/existingSecret"),
    ("a bundled PostgreSQL without its certificate", {"postgres": {"mode": "bundled"}}, "/postgres/bundled/existingSecret"),
    ("a Redis at no address", {"redis": {"mode": "external", "existingSecret": "a"}}, "/redis/address"),
    ("a Redis without its port", {"redis": {"mode": "external", "address": "redis.example", "existingSecret": "a"}}, "/redis/address"),
    ("a Redis without its secret", {"redis": {"mode": "external", "address": "redis.example:6379"}}, "/redis/existingSecret"),
    ("a bundled Redis without its certificate", {"redis": {"mode": "bundled", "existingSecret": "a"}}, "/redis/bundled/existingSecret"),
    ("a Redis that nobody uses", {"redis": {"mode": "external", "address": "redis.example:6379", "existingSecret": "a"}, **service("gateway", enabled=False)}, "services.gateway"),
    ("a Redis beside the chart's", service("gateway", config="redis:\n  address: a:1\n"), "services.gateway.config"),
    ("taking away from no PostgreSQL", {"postgres": {"mode": "none", "contract": True}}, "postgres.contract"),
    ("a simulator without keys", {"venueSim": {"enabled": True}}, "/venueSim/existingSecret"),
    ("client certificates that `helm test` has none for", {"tls": {"clientAuth": True}}, "/tls/testClientSecret"),
    ("an order without an instrument", {"tests": {"order": {"enabled": True, "existingSecret": "a", "quantity": "1", "price": "1"}}}, "/tests/order/instrument"),
    ("an order that could show no certificate",
     {"tls": {"clientAuth": True, "testClientSecret": "a"},
      "tests": {"order": {"enabled": True, "existingSecret": "a", "instrument": "a:b", "quantity": "1", "price": "1"}}}, "tests.order"),
    ("a canary that asks nobody", {"canary": {"enabled": True}}, "/canary/prometheus"),
    ("a canary that the network keeps from asking", {"canary": {"enabled": True, "prometheus": "http://prometheus:9090"}}, "networkPolicy.prometheus"),
    ("a canary that may halt nothing", {"canary": {"halt": "strategy:maker"}}, "/canary/existingSecret"),
    ("a canary that halts what is none", {"canary": {"halt": "everything", "existingSecret": "a"}}, "/canary/halt"),
    ("a canary that shows no certificate", {"canary": {"enabled": True, "prometheus": "http://p:9090", "halt": "firm", "existingSecret": "a"},
                                            "networkPolicy": {"prometheus": [{"podSelector": {}}]}, "tls": {"clientAuth": True, "testClientSecret": "a"}}, "canary.halt"),
    # images
    ("latest", {"image": {"tag": "latest"}}, "/image/tag"),
    ("latest of the bundled Kafka", {"kafka": {"bundled": {"image": "apache/kafka:latest"}}}, "/kafka/bundled/image"),
    ("an image without a tag", {"venueSim": {"frontImage": "front"}}, "/venueSim/frontImage"),
    ("half a digest", {"image": {"digests": {"risk": "sha256:12"}}}, "/image/digests/risk"),
    # what the chart writes itself
    ("an address of the gateway", service("gateway", config="address: 127.0.0.1\n"), "services.gateway.config"),
    ("a store of one's own", service("reporting", config="store:\n  writer: me\n"), "services.reporting.config"),
    ("less time than the drain takes", service("execution", drain={"preStopSleepSeconds": 20}), "services.execution.drain"),
    ("an Alertmanager that mails nobody", {"monitoring": {"alertmanager": {"enabled": True, "notifier": "https://a:1/alerts", "runbooks": "https://r/"}}},
     "/monitoring/alertmanager/mail"),
    ("a notifier that tells nobody", {"monitoring": {"notifier": {"alertsSecret": "a"}}}, "monitoring.notifier.config"),
    ("a notifier without its host", {"monitoring": {"notifier": {"config": "channels: []\n"}}, **service("reporting", enabled=False)}, "services.reporting"),
    ("alerts of one's own", {"monitoring": {"notifier": {"config": "alerts:\n  port: 1\n"}}}, "alertsSecret"),
    ("a notifier beside the chart's", service("reporting", config="notify:\n  repetition: 1m\n"), "monitoring.notifier.config"),
    ("an Alertmanager that nobody hears",
     {"monitoring": {"alertmanager": {"enabled": True, "runbooks": "https://r/", "mail": {"smarthost": "a:1", "from": "a@b", "to": "a@b"}}}}, "monitoring.notifier.alertsSecret"),
    ("a notifier at no address", {"monitoring": {"alertmanager": {"enabled": True, "notifier": "reporting"}}}, "/monitoring/alertmanager/notifier"),
]
