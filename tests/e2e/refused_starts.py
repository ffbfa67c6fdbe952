"""What no program may start with, and the words that say so: the table of refusal_test.py and of
docs/refusals.md.

A row: area, what is wrong, program, what to lay out (a function of the stage, which gives the
arguments), words of the message. {dir} is the case's own folder; GOOD is a secret that would do.
"""
GOOD = "k3JvR8sQz1Lx7TtB0nYw"


def config(text):
    return lambda stage: ["--config", stage.write("config.yaml", text)]


def execution(rest="", account="", key=GOOD, secret=GOOD, mode=0o600, urls="  rest_url: http://127.0.0.1:9\n  stream_url: ws://127.0.0.1:9\n"):
    def lay_out(stage):
        if key is not None:
            stage.write("api-key", key, mode)
        if secret is not None:
            stage.write("api-secret", secret, mode)
        return ["--config", stage.write("config.yaml", f"venue: binance-spot\n{account}{rest}binance:\n{urls}  key_file: api-key\n  secret_file: api-secret\n")]
    return lay_out


def bus(text, **files):
    def lay_out(stage):
        for name, (content, mode) in files.items():
            stage.write(name, content, mode)
        return ["--bus", stage.write("bus.yaml", f"kafka:\n{text}")]
    return lay_out


def rpc(text, *flags, key_mode=0o600, other_key=False):
    def lay_out(stage):
        stage.certificate(key_mode, other_key)
        return ["--rpc", stage.write("rpc.yaml", text), *flags]
    return lay_out


def gateway(text, key_mode=0o600, other_key=False, passphrase=False):
    def lay_out(stage):
        stage.certificate(key_mode, other_key, passphrase)
        return ["--config", stage.write("config.yaml", text.replace("{dir}", stage.folder)), "--rpc-address", "off"]
    return lay_out


def postgres(text="", password=GOOD, mode=0o600, hosts='["127.0.0.1:9"]'):
    def lay_out(stage):
        stage.write("password", password, mode)
        return ["--config", stage.write("config.yaml", "store:\n  patience: 0s\n  postgres:\n"
                                        f"    hosts: {hosts}\n    password_file: {stage.folder}/password\n{text}")]
    return lay_out


def redis(text, password=GOOD, mode=0o600):
    def lay_out(stage):
        stage.write("password", password, mode)
        return ["--config", stage.write("config.yaml", "port: 0\nredis:\n" + text.replace("{dir}", stage.folder)), "--rpc-address", "off"]
    return lay_out


def several(text):
    return lambda stage: ["--replica", "1", "--bus", stage.write("bus.yaml", "kafka:\n  brokers: 127.0.0.1:9\n"), "--config", stage.write("config.yaml", "port: 0\n" + text)]


def notify(channel, rest="", **files):
    def lay_out(stage):
        for name, (content, mode) in files.items():
            stage.write(name, content, mode)
        return ["--config", stage.write("config.yaml", f"notify:\n  channels:\n    - {{name: desk, {channel}}}\n{rest}")]
    return lay_out


def webhook(rest="", secret=GOOD, mode=0o600):
    def lay_out(stage):
        stage.write("hook", secret, mode)
        return ["--config", stage.write("config.yaml", f"news:\n  webhook: {{name: desk, port: 0, secret_file: hook{rest}}}\n")]
    return lay_out


def lease(text):
    return lambda stage: ["--lease", stage.write("lease.yaml", text)]


def kept(name, content, mode):
    """A file that an earlier start has left in the data folder."""
    def lay_out(stage):
        stage.write("data/" + name, content, mode)
        return ["--rpc-address", "127.0.0.1:0"]
    return lay_out


MAIN_NET = "environment: main-net\n"
REAL = "  rest_url: https://api.binance.com\n  stream_url: wss://ws-api.binance.com:443/ws-api/v3\n"
TYPED = "confirm: trade real money of main/spot on binance-spot\n"
ACCOUNT = "account: main/spot\n"
TOKEN = "0123456789abcdef" * 4
PAGER = "type: pagerduty, secret_file: pager"

CASES = [
    # who may listen
    ("listening", "the page beyond this machine without TLS", "gateway", gateway("address: 0.0.0.0\nport: 0\n"), ["address", "only with certificate and key"]),
    ("listening", "the page with a certificate and no key", "gateway", gateway("port: 0\ncertificate: {dir}/tls.crt\n"), ["certificate and key go together"]),
    ("listening", "gRPC beyond this machine without TLS", "risk", lambda stage: ["--rpc-address", "0.0.0.0:0"], ["rpc.address", "needs TLS"]),
    ("listening", "gRPC with a certificate and no key", "risk", rpc("tls: {certificate: tls.crt}\n"), ["key", "missing"]),
    ("listening", "news by POST beyond this machine without TLS", "ingest", webhook(", address: 0.0.0.0"), ["address", "needs certificate_file and key_file"]),
    ("listening", "alerts taken beyond this machine without TLS", "reporting",
     notify(PAGER, "  alerts: {address: 0.0.0.0, port: 0, token_file: token}\n", pager=(GOOD, 0o600), token=(GOOD, 0o600)), ["address", "only with certificate and key"]),
    ("listening", "the simulated exchange beyond this machine", "venue-sim", config("address: 0.0.0.0\n"), ["address", "for this machine only"]),
    ("listening", "an admin port at no address", "risk", lambda stage: ["--admin-address", "everywhere"], ["--admin-address", "write 127.0.0.1:9464"]),
    # certificates and their keys
    ("TLS", "the page's key that others may read", "gateway", gateway("port: 0\ncertificate: {dir}/tls.crt\nkey: {dir}/tls.key\n", key_mode=0o644), ["others may read", "tls.key", "chmod 600"]),
    ("TLS", "the page's key of another certificate", "gateway", gateway("port: 0\ncertificate: {dir}/tls.crt\nkey: {dir}/tls.key\n", other_key=True), ["is not the key of"]),
    ("TLS", "the page's key under a passphrase", "gateway", gateway("port: 0\ncertificate: {dir}/tls.crt\nkey: {dir}/tls.key\n", passphrase=True), ["without passphrase"]),
    ("TLS", "gRPC's key that others may read", "risk", rpc("tls: {certificate: tls.crt, key: tls.key}\n", "--rpc-address", "127.0.0.1:0", key_mode=0o640), ["others may read", "tls.key"]),
    ("TLS", "Kafka's client key that others may read", "risk",
     bus("  brokers: 127.0.0.1:9\n  ca_file: ca\n  certificate_file: crt\n  key_file: key\n", ca=("", 0o644), crt=("", 0o644), key=("", 0o644)), ["others may read", "kafka.key_file"]),
    # what leaves this machine
    ("in the clear", "Kafka on another machine without TLS", "risk", bus("  brokers: kafka.example:9092\n"), ["beyond this machine", "kafka.ca_file"]),
    ("in the clear", "Kafka at a name that looks like loopback", "risk", bus("  brokers: 127.example:9092\n"), ["beyond this machine", "kafka.ca_file"]),
    ("in the clear", "PostgreSQL on another machine without TLS", "reporting", postgres(hosts='["db.example:5432"]'), ["another machine", "root_certificate"]),
    ("in the clear", "a lease on another machine without TLS", "risk", lease("postgres:\n  hosts: [db.example]\n"), ["another machine", "root_certificate"]),
    ("in the clear", "sessions in a Redis on another machine without TLS", "gateway", redis("  address: redis.example:6379\n  password_file: {dir}/password\n"), ["another machine", "root_certificate"]),
    ("in the clear", "orders to a venue without TLS", "execution", execution(urls="  rest_url: http://venue.example\n  stream_url: wss://venue.example\n"), ["rest_url", "https://", "keys leave this computer"]),
    ("in the clear", "a private stream without TLS", "execution", execution(urls="  rest_url: https://venue.example\n  stream_url: ws://venue.example\n"), ["stream_url", "wss://"]),
    ("in the clear", "an order socket without TLS", "execution", execution(urls="  rest_url: https://venue.example\n  stream_url: wss://venue.example\n  order_url: ws://venue.example\n"), ["order_url", "wss://"]),
    ("in the clear", "market data without TLS", "ingest", config("venues:\n  - {name: v, kind: spot, instruments: [BTCUSDT], ws_url: \"ws://venue.example\"}\n"), ["ws_url", "wss://"]),
    ("in the clear", "snapshots of books without TLS", "ingest", config("venues:\n  - {name: v, kind: spot, instruments: [BTCUSDT], rest_url: \"http://venue.example\"}\n"), ["rest_url", "https://"]),
    ("in the clear", "notifications without TLS", "reporting", notify('type: webhook, secret_file: hook, url: "http://hooks.example/"', hook=(GOOD, 0o600)), ["url", "https://"]),
    ("in the clear", "notifications at a name that looks like loopback", "reporting", notify('type: webhook, secret_file: hook, url: "http://127.0.0.1.example/"', hook=(GOOD, 0o600)), ["url", "https://"]),
    ("in the clear", "a secret address without TLS", "reporting", notify("type: slack, url_file: hook", hook=("http://hooks.example/" + GOOD, 0o600)), ["holds no address such as https://"]),
    ("in the clear", "mail without TLS", "reporting", notify("type: mail, mail: {host: mail.example, tls: none, from: a@b.example, to: [c@d.example]}"), ["tls", "for loopback without a user"]),
    ("in the clear", "a mail password without TLS", "reporting",
     notify("type: mail, secret_file: mail, mail: {host: 127.0.0.1, tls: none, user: a, from: a@b.example, to: [c@d.example]}", mail=(GOOD, 0o600)), ["tls", "for loopback without a user"]),
    ("in the clear", "traces to another machine without TLS", "risk", lambda stage: ["--otlp-endpoint", "http://collector.example:4317"], ["OTEL_EXPORTER_OTLP_ENDPOINT", "https://"]),
    # secrets
    ("secrets", "a venue's key that others may read", "execution", execution(mode=0o644), ["others may read", "api-key", "chmod 600"]),
    ("secrets", "a venue's key that is not there", "execution", execution(key=None), ["api-key"]),
    ("secrets", "an empty secret", "execution", execution(secret=""), ["api-secret", "holds no secret"]),
    ("secrets", "a short secret", "execution", execution(secret="hunter2hunt"), ["secret_file", "shorter than 12"]),
    ("secrets", "a well-known secret", "execution", execution(secret="Ch@ngeMe-2024"), ["secret_file", "everybody tries first"]),
    ("secrets", "a secret of one character", "execution", execution(secret="x" * 64), ["secret_file", "repeats few characters"]),
    ("secrets", "two lines for a secret", "execution", execution(secret=GOOD + "\n" + GOOD), ["one line of printable characters"]),
    ("secrets", "a password in the file of the bus", "risk", bus(f"  brokers: 127.0.0.1:9\n  user: a\n  password: {GOOD}\n"), ["kafka.password: is not known"]),
    ("secrets", "a user of Kafka without a password", "risk", bus("  brokers: 127.0.0.1:9\n  user: a\n"), ["password_file", "goes together with user"]),
    ("secrets", "Kafka's password that others may read", "risk", bus("  brokers: 127.0.0.1:9\n  user: a\n  password_file: pw\n", pw=(GOOD, 0o644)), ["others may read"]),
    ("secrets", "a well-known password of Kafka", "risk", bus("  brokers: 127.0.0.1:9\n  user: a\n  password_file: pw\n", pw=("kafka-password-1", 0o600)), ["kafka.password_file", "everybody tries first"]),
    ("secrets", "a password of `gannet topics` that others may read", "gannet",
     lambda stage: ["topics", "plan", "--brokers", "127.0.0.1:9", "--user", "a", "--password-file", stage.write("pw", GOOD, 0o644)], ["others may read", "chmod 600"]),
    ("secrets", "PostgreSQL's password that others may read", "reporting", postgres(mode=0o640), ["others may read", "chmod 600"]),
    ("secrets", "a well-known password of PostgreSQL", "reporting", postgres(password="postgres12345"), ["password_file", "everybody tries first"]),
    ("secrets", "a password file named from nowhere", "reporting", config("store:\n  postgres:\n    hosts: [localhost]\n    password_file: here\n"), ["password_file", "is not absolute"]),
    ("secrets", "a password in an address", "gannet", lambda stage: ["migrate", "--store", f"postgres://a:{GOOD}@localhost/gannet"], ["a password does not belong into an address"]),
    ("secrets", "a Redis on another machine without a password", "gateway", redis("  address: redis.example:6379\n  root_certificate: {dir}/ca.pem\n"), ["password_file", "may sign in as anybody"]),
    ("secrets", "Redis's password that others may read", "gateway", redis("  address: 127.0.0.1:9\n  password_file: {dir}/password\n", mode=0o640), ["others may read", "chmod 600"]),
    ("secrets", "a well-known password of Redis", "gateway", redis("  address: 127.0.0.1:9\n  password_file: {dir}/password\n", password="redis-password"), ["redis.password_file", "everybody tries first"]),
    ("secrets", "a password in the address of a Redis", "gateway", redis(f"  address: \"a:{GOOD}@127.0.0.1:9\"\n"), ["address", "the password into a file"]),
    ("secrets", "a channel's secret that others may read", "reporting", notify(PAGER, pager=(GOOD, 0o604)), ["others may read"]),
    ("secrets", "a short token for alerts", "reporting", notify(PAGER, "  alerts: {port: 0, token_file: token}\n", pager=(GOOD, 0o600), token=("token", 0o600)), ["alerts.token_file", "shorter than 12"]),
    ("secrets", "a signing key that others may read", "ingest", webhook(mode=0o644), ["others may read"]),
    ("secrets", "a well-known signing key", "ingest", webhook(secret="secretsecretsecret"), ["webhook.secret_file", "everybody tries first"]),
    # people
    ("people", "passwords of people that others may read", "gateway",
     lambda stage: ["--config", stage.write("config.yaml", "port: 0\n"), *kept("users.json", '{"format":1,"users":[]}', 0o644)(stage)], ["users.json", "chmod 600"]),
    ("people", "a token of gRPC that others may read", "risk", kept("rpc.token", GOOD * 2, 0o644), ["rpc.token", "can be read by others"]),
    ("people", "a token of gRPC that is short", "risk", kept("rpc.token", "token", 0o600), ["rpc.token", "too short"]),
    ("people", "a token in clear", "risk", rpc(f"people:\n  - {{name: a, rights: [read], token_sha256: {GOOD}}}\n"), ["token_sha256", "is no SHA-256"]),
    ("people", "one token of two people", "risk", rpc(f"people:\n  - {{name: a, rights: [read], token_sha256: {TOKEN}}}\n  - {{name: b, rights: [risk], token_sha256: {TOKEN}}}\n"), ["two have the same token_sha256"]),
    ("people", "a right that nobody knows", "risk", rpc("people:\n  - {name: a, rights: [all]}\n"), ["rights are read, trade, risk and operate"]),
    ("people", "sessions of a month", "gateway", config("port: 0\nsession_length: 720h\n"), ["session_length"]),
    ("people", "one of several gateways with sessions of its own", "gateway", several(""), ["several gateways need", "state redis"]),
    ("people", "one of several gateways with people of its own", "gateway", several("redis:\n  address: 127.0.0.1:9\n"), ["several gateways need", "users_file"]),
    ("people", "one of several gateways without a bus", "gateway", lambda stage: ["--replica", "1"], ["--replica", "--bus"]),
    ("people", "people in common, and consent nowhere", "gateway", config("port: 0\nusers_file: /users.json\n"), ["users_file", "--bus"]),
    ("people", "limits that their proposer approves", "risk", lambda stage: ["--config", stage.limits("four_eyes: false")], ["gate.four_eyes", "second person"]),
    ("people", "corrections that one person signs", "execution", execution("four_eyes: false\n"), ["four_eyes", "paper only"]),
    # real money
    ("real money", "a main net that is not called one", "execution", execution(urls=REAL), ["trades with real money", "environment: main-net"]),
    ("real money", "a main net without the typed sentence", "execution", execution(MAIN_NET, ACCOUNT, urls=REAL), ["confirm", "trade real money of main/spot"]),
    ("real money", "the sentence of another account", "execution", execution(MAIN_NET + TYPED, "account: main/other\n", urls=REAL), ["confirm", "trade real money of main/other"]),
    ("real money", "a main net whose key nobody looks at", "execution", execution(MAIN_NET + TYPED + "check_key: false\n", ACCOUNT, urls=REAL), ["check_key", "test net only"]),
    ("real money", "a test net that is called a main net", "execution", execution(MAIN_NET + TYPED, ACCOUNT), ["is no main net"]),
    # files
    ("files", "a key that nobody knows", "execution", config("venue: paper\nacount: main/paper\n"), ["acount", "is not known"]),
    ("files", "a key stated twice", "execution", config("venue: paper\nvenue: binance-spot\n"), ["venue", "a second time"]),
    ("files", "anchors, which may burst", "ingest", config("a: &a [x]\nvenues: [*a, *a]\n"), ["anchor"]),
    ("files", "a lease with no time to trade in", "risk", lease("length: 4s\nmargin: 3s\npostgres:\n  hosts: [localhost]\n"), ["margin", "at most half of length"]),
]
