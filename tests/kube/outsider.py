"""A pod that is not of the release, with a shell: the image of PostgreSQL, which has openssl."""
import json

IMAGE = "gannet-postgres:0.1.0"
RESTRICTED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]},
              "seccompProfile": {"type": "RuntimeDefault"}}


def manifest(name, labels, script, secrets=()):
    """Runs `script` once. Secrets are mounted at /secrets/NAME."""
    return json.dumps({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "automountServiceAccountToken": False, "securityContext": {"fsGroup": 999},
            "containers": [{
                "name": "it", "image": IMAGE, "imagePullPolicy": "Never", "command": ["bash", "-c", script],
                "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}}, "securityContext": RESTRICTED,
                "volumeMounts": [{"name": secret, "mountPath": f"/secrets/{secret}", "readOnly": True} for secret in secrets]}],
            "volumes": [{"name": secret, "secret": {"secretName": secret, "defaultMode": 0o440}} for secret in secrets]}})


# TLS handshakes one after the other, which is work for who answers.
LOAD = """
while :; do openssl s_time -new -time 30 -connect {address} >/dev/null 2>&1; done
"""
# What Alertmanager posts. Ends with 124 when no packet comes back.
ALERT = """
body='{{"version":"4","status":"firing","alerts":[{{"status":"firing","labels":{{"alertname":"GannetDegraded","severity":"ticket","team":"platform"}},
"annotations":{{"summary":"a try"}},"startsAt":"2026-01-02T03:04:05Z","fingerprint":"1"}}]}}'
{{
  printf 'POST /alerts HTTP/1.1\\r\\nHost: it\\r\\nConnection: close\\r\\nContent-Type: application/json\\r\\n'
  printf 'Authorization: Bearer %s\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "$(cat /secrets/gannet-alerts/token)" ${{#body}} "$body"
  sleep 2
}} | timeout 8 openssl s_client -quiet -verify_return_error -verify_hostname {host} -CAfile /secrets/gannet-tls/ca.crt -connect {host}:7190
exit ${{PIPESTATUS[1]}}
"""
