"""What every rendered release must keep, each rule a function over its objects that
yields what is wrong. RULES holds them all."""
import re

from chart import ROOT, WORKLOADS, called, component, containers, facts, matches, of_kind, workloads

RULES = []
# Volumes that the restricted Pod Security Standard allows and the chart may use.
VOLUMES = {"configMap", "secret", "emptyDir"}
# Containers that run for good and are not probed, with the reason.
UNPROBED = {"venue-sim": "listens on loopback only; tls-front beside it is probed through to it"}
SCALED = {"HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"), "ScaledObject": ("minReplicaCount", "maxReplicaCount")}


def rule(function):
    RULES.append(function)
    return function


def mebibytes(text):
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi|Ti)", text).groups()
    return int(number) * {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}[unit]


def cores(value):
    text = str(value)
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def for_good(one):
    return one["kind"] in ("StatefulSet", "Deployment")


@rule
def restricted_pods(objects):
    for name, _, pod in workloads(objects):
        spec, security = pod["spec"], pod["spec"].get("securityContext", {})
        for key in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
            if spec.get(key):
                yield f"{name}: {key}"
        if security.get("runAsNonRoot") is not True or not isinstance(security.get("runAsUser"), int) or security["runAsUser"] == 0:
            yield f"{name}: must run as a user by number that is not root"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name}: no seccomp profile RuntimeDefault"
        if security.get("fsGroup") != security.get("runAsUser") or security.get("fsGroupChangePolicy") != "OnRootMismatch":
            yield f"{name}: fsGroup must be its user, OnRootMismatch: secrets beside a journal keep their mode"
        if spec.get("automountServiceAccountToken") is not False or spec.get("enableServiceLinks") is not False:
            yield f"{name}: takes a service account's token or service links"
        for volume in spec.get("volumes", []):
            if not set(volume) - {"name"} <= VOLUMES:
                yield f"{name}: volume {volume}"
            if volume.get("secret", {"defaultMode": 0o440})["defaultMode"] != 0o440:
                yield f"{name}: secret {volume['name']} must have mode 0440"
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{name}: emptyDir {volume['name']} has no limit"
        for box in containers(pod):
            own = box.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("readOnlyRootFilesystem") is not True \
                    or own.get("capabilities") != {"drop": ["ALL"]} or own.get("privileged") or own.get("runAsNonRoot") is not True:
                yield f"{name}: container {box['name']} is not restricted: {own}"
            for port in box.get("ports", []):
                if "hostPort" in port or "name" not in port:
                    yield f"{name}: port {port} of {box['name']}"


@rule
def images_are_pinned(objects):
    for name, _, pod in workloads(objects):
        for box in containers(pod):
            last = box["image"].rpartition("/")[2]
            if ":latest" in last or not ("@sha256:" in last or ":" in last):
                yield f"{name}: image {box['image']} has neither tag nor digest"


@rule
def resources_are_stated(objects):
    for name, _, pod in workloads(objects):
        for box in containers(pod):
            asked, most = box["resources"].get("requests", {}), box["resources"].get("limits", {})
            if not {"cpu", "memory"} <= set(asked) or "memory" not in most:
                yield f"{name}: {box['name']} states {box['resources']}"
                continue
            if mebibytes(asked["memory"]) > mebibytes(most["memory"]):
                yield f"{name}: {box['name']} asks for more memory than its limit"
            if "cpu" in most and cores(asked["cpu"]) > cores(most["cpu"]):
                yield f"{name}: {box['name']} asks for more processors than its limit"


@rule
def life_of_containers(objects):
    """Probes, a pause before SIGTERM, and time enough for the drain that run.h allows."""
    source = (ROOT / "libs" / "runtime" / "run.h").read_text()
    drain = sum(int(re.search(rf" {key} = std::chrono::seconds\((\d+)\)", source)[1]) for key in ("drain_limit", "finish_limit"))
    for name, one, pod in workloads(objects):
        if not for_good(one):
            continue
        for box in pod["spec"]["containers"]:
            missing = {"startupProbe", "readinessProbe", "livenessProbe"} - set(box)
            if missing and box["name"] not in UNPROBED:
                yield f"{name}: {box['name']} has no {', '.join(sorted(missing))}"
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if box.get(probe, {}).get("timeoutSeconds", 1) > box.get(probe, {}).get("periodSeconds", 10) and probe != "startupProbe":
                    yield f"{name}: {probe} of {box['name']} may still run when the next begins"
            pause = box.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            if pause < 1:
                yield f"{name}: {box['name']} gets SIGTERM while Services still send to it"
            if box["name"] in {fact["program"] for fact in facts().values()} and pod["spec"]["terminationGracePeriodSeconds"] < pause + drain + 5:
                yield f"{name}: killed before the drain's {drain} s are over"


@rule
def services_reach_containers(objects):
    for one in of_kind(objects, "Service"):
        targets = [(name, pod) for name, other, pod in workloads(objects)
                   if for_good(other) and matches({"matchLabels": one["spec"]["selector"]}, pod["metadata"]["labels"])]
        if len(targets) != 1:
            yield f"{called(one)} selects {[name for name, _ in targets]}"
            continue
        names = {port["name"] for box in targets[0][1]["spec"]["containers"] for port in box.get("ports", [])}
        for port in one["spec"]["ports"]:
            if port["targetPort"] not in names:
                yield f"{called(one)}: port {port['name']} goes to {port['targetPort']}, which no container names"


@rule
def single_writers(objects):
    """One pod and one volume, but for what scales; each pod of what keeps a journal has its own, and its number."""
    for name, one, pod in workloads(objects):
        if not for_good(one):
            continue
        fact = facts().get(component(one), {})
        scales, keeps = fact.get("scales", False), fact.get("bus", True)
        if keeps != (one["kind"] == "StatefulSet"):
            yield f"{name}: what keeps a journal is a StatefulSet, and nothing else"
        if keeps and len(one["spec"].get("volumeClaimTemplates", [])) != 1:
            yield f"{name}: a pod that keeps a journal has a volume"
        if fact and keeps and one["spec"]["persistentVolumeClaimRetentionPolicy"] != {"whenDeleted": "Retain", "whenScaled": "Retain"}:
            yield f"{name}: a pod that comes back without its journal gives its ids a second time"
        several = one["spec"].get("replicas") != 1
        if several and not scales:
            yield f"{name}: a single writer has one pod"
        numbers = [each["valueFrom"]["fieldRef"]["fieldPath"] for each in pod["spec"]["containers"][0].get("env", []) if each["name"] == "REPLICA"]
        numbered = "--replica=$(REPLICA)" in pod["spec"]["containers"][0].get("args", []) and numbers == ["metadata.labels['apps.kubernetes.io/pod-index']"]
        if numbered != (keeps and several):
            yield f"{name}: {one['spec'].get('replicas')} pods, numbered by {numbers}"
        if one["kind"] == "StatefulSet" and one["spec"]["serviceName"] not in {other["metadata"]["name"] for other in of_kind(objects, "Service")}:
            yield f"{name}: its Service {one['spec']['serviceName']} is missing"
        spread = {each["topologyKey"] for each in pod["spec"].get("topologySpreadConstraints", [])}
        if several and spread != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
            yield f"{name}: its pods may all be in one place"


@rule
def scalers_and_budgets(objects):
    least, scalers = {}, {}
    for one in of_kind(objects, "Deployment", "StatefulSet"):
        least[called(one)] = one["spec"].get("replicas")
    for one in of_kind(objects, *SCALED):
        target = one["spec"]["scaleTargetRef"]
        name = f"{target['kind']}/{target['name']}"
        low, high = (one["spec"][key] for key in SCALED[one["kind"]])
        if name not in least:
            yield f"{called(one)}: there is no {name}"
            continue
        if name in scalers:
            yield f"{name} has two scalers"
        if least[name] is not None:
            yield f"{name} states replicas beside its scaler"
        if low > high:
            yield f"{called(one)}: from {low} to {high}"
        scalers[name], least[name] = called(one), low
    budgets = {}
    for one in of_kind(objects, "PodDisruptionBudget"):
        covered = [name for name, other, pod in workloads(objects)
                   if for_good(other) and matches(one["spec"]["selector"], pod["metadata"]["labels"])]
        if len(covered) != 1:
            yield f"{called(one)} covers {covered}"
        budgets.update(dict.fromkeys(covered, called(one)))
    for name, count in least.items():
        if (count > 1) != (name in budgets):
            yield f"{name}: {count} pods at least, budget {budgets.get(name)}"


@rule
def names_fit(objects):
    for one in objects:
        limit = 52 if one["kind"] == "StatefulSet" else 63
        if not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", one["metadata"]["name"]) or len(one["metadata"]["name"]) > limit:
            yield f"{called(one)}: not a name of at most {limit} characters"
        for key, value in one["metadata"].get("labels", {}).items():
            if len(value) > 63 or not re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", value):
                yield f"{called(one)}: label {key}: {value}"


@rule
def selectors_are_exact(objects):
    wanted = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}
    for name, one, pod in workloads(objects):
        if not for_good(one):
            continue
        selector = one["spec"]["selector"]["matchLabels"]
        if set(selector) != wanted or not matches({"matchLabels": selector}, pod["metadata"]["labels"]):
            yield f"{name}: selector {selector}"
        if any("version" in key or "chart" in key for key in pod["metadata"]["labels"]):
            yield f"{name}: a version in the pod's labels restarts it with every chart"


@rule
def no_secret_is_rendered(objects):
    for one in of_kind(objects, "Secret"):
        yield f"{called(one)}: the chart makes no secrets"
    for name, _, pod in workloads(objects):
        for box in containers(pod):
            if box.get("envFrom") or any(set(each.get("valueFrom", {})) - {"fieldRef"} for each in box.get("env", [])):
                yield f"{name}: {box['name']} takes something from the environment; secrets are files"


@rule
def jobs_end(objects):
    for one in of_kind(objects, "Job"):
        if not {"backoffLimit", "activeDeadlineSeconds"} <= set(one["spec"]):
            yield f"{called(one)}: may go on for ever"
    for one in objects:
        hook = one["metadata"].get("annotations", {}).get("helm.sh/hook")
        if hook and ((one["kind"], hook) not in {("Pod", "test"), ("Job", "post-upgrade")} or "helm.sh/hook-delete-policy" not in one["metadata"]["annotations"]):
            yield f"{called(one)}: hook {hook}; migrations and topics are none, they would deadlock with --wait"


@rule
def files_are_mounted(objects):
    """Each path below /etc/gannet that an argument or a configuration names is there."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(objects, "ConfigMap")}
    for name, _, pod in workloads(objects):
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
        claims = {"data"}
        for box in containers(pod):
            mounts = {mount["mountPath"]: mount["name"] for mount in box["volumeMounts"]}
            unknown = set(mounts.values()) - set(volumes) - claims
            if unknown:
                yield f"{name}: {box['name']} mounts {unknown}"
            config = maps.get(volumes.get("config", {}).get("configMap", {}).get("name"), {})
            text = " ".join([*box.get("args", []), *(each.get("value", "") for each in box.get("env", []))])
            used = {path for path in re.findall(r"/etc/gannet/[\w./-]+", text)}
            for path in list(used):
                if path.startswith("/etc/gannet/config/"):
                    key = path.rpartition("/")[2]
                    if key not in config:
                        yield f"{name}: {box['name']} wants {path}, the ConfigMap has {sorted(config)}"
                    used |= set(re.findall(r"/etc/gannet/[\w./-]+", config.get(key, "")))
            for path in used:
                folder, _, key = path.rpartition("/")
                if folder not in mounts:
                    yield f"{name}: {box['name']} wants {path}, and nothing is mounted at {folder}"
                    continue
                items = volumes[mounts[folder]].get("secret", {}).get("items")
                if items and key not in {item["key"] for item in items}:
                    yield f"{name}: {box['name']} wants {path}, mounted are {items}"


@rule
def ports_agree(objects):
    for name, one, pod in workloads(objects):
        fact = facts().get(component(one))
        if fact is None or not for_good(one):
            continue
        box = pod["spec"]["containers"][0]
        named = {port["name"]: port["containerPort"] for port in box["ports"]}
        if f"--rpc-address=0.0.0.0:{fact['port']}" not in box["args"] or named.get("grpc") != fact["port"] \
                or f"--admin-address=0.0.0.0:{named.get('admin')}" not in box["args"]:
            yield f"{name}: gRPC is at {fact['port']}, not {named}"
        if ("--lease=/etc/gannet/config/lease.yaml" in box["args"]) > fact["lease"]:
            yield f"{name}: takes a lease, and is no single writer"


@rule
def metrics_are_found(objects):
    """A ServiceMonitor reaches each program once, at a port that its Service has."""
    for one in of_kind(objects, "ServiceMonitor"):
        found = [component(each) for each in of_kind(objects, "Service") for port in each["spec"]["ports"] for point in one["spec"]["endpoints"]
                 if matches(one["spec"]["selector"], each["metadata"]["labels"]) and port["name"] == point["port"]]
        wanted = [component(each) for each in of_kind(objects, "StatefulSet", "Deployment") if component(each) in facts()]
        if sorted(found) != sorted(wanted):
            yield f"{called(one)} reads {sorted(found)}, there are {sorted(wanted)}"


@rule
def network_is_closed(objects):
    policies = of_kind(objects, "NetworkPolicy")
    if not policies:
        return
    for name, one, pod in workloads(objects):
        covering = [each for each in policies if matches(each["spec"]["podSelector"], pod["metadata"]["labels"])]
        if not any(set(each["spec"]["policyTypes"]) == {"Ingress", "Egress"} and "ingress" not in each["spec"] and "egress" not in each["spec"]
                   for each in covering):
            yield f"{name}: no policy that denies by default covers it"
    for each in policies:
        for key, side in (("ingress", "from"), ("egress", "to")):
            for line in each["spec"].get(key, []):
                if not line.get(side) or not line.get("ports"):
                    yield f"{called(each)}: a rule of {key} without {side} or without ports allows all"


def problems(objects):
    assert {one["kind"] for one in objects} & set(WORKLOADS), "nothing was rendered"
    return [f"{each.__name__}: {problem}" for each in RULES for problem in each(objects)]
