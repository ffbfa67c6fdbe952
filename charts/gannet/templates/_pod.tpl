{{/* The pod of a service. Takes (dict "root" $ "service" …). */}}
{{- define "gannet.pod" -}}
{{- $root := .root -}}
{{- $s := .service -}}
{{- $full := include "gannet.fullname" $root -}}
{{- $numbered := and $s.several $s.facts.bus -}}
{{- $alerts := ternary $root.Values.monitoring.notifier.alertsSecret "" (eq $s.name "reporting") -}}
metadata:
  labels:
    {{- include "gannet.podLabels" (dict "root" $root "component" $s.name) | nindent 4 }}
    {{- with $s.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "gannet.config" . | sha256sum }}
    {{- with $s.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "gannet.pullSecrets" $root | nindent 2 }}
  serviceAccountName: {{ $full }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $s.drain.gracePeriodSeconds }}
  securityContext:
    {{- include "gannet.podSecurity" 65532 | nindent 4 }}
  {{- with $s.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $s.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $s.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $s.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $s.several }}
  topologySpreadConstraints:
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "gannet.selector" (dict "root" $root "component" $s.name) | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- if $s.usesPostgres }}
  initContainers:
    # Only adds, holds an advisory lock, and has nothing to do when it was done.
    - name: migrate
      image: {{ include "gannet.image" (dict "root" $root "program" "cli") }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [migrate, --store, /etc/gannet/config/store.yaml, --patience, 120s]
      resources:
        requests: {cpu: 50m, memory: 64Mi}
        limits: {memory: 128Mi}
      securityContext:
        {{- include "gannet.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/gannet/config, readOnly: true}
        - {name: postgres, mountPath: /etc/gannet/postgres, readOnly: true}
        - {name: tmp, mountPath: /tmp}
  {{- end }}
  containers:
    - name: {{ $s.facts.program }}
      image: {{ include "gannet.image" (dict "root" $root "program" $s.facts.program) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        - --data=/var/lib/gannet/data
        - --rpc=/etc/gannet/config/rpc.yaml
        - --rpc-address=0.0.0.0:{{ $s.facts.port }}
        - --admin-address=0.0.0.0:9464
        - --log-level={{ $s.logLevel }}
        {{- if include "gannet.hasOwnConfig" . }}
        - --config=/etc/gannet/config/service.yaml
        {{- end }}
        {{- if $s.facts.bus }}
        - --bus=/etc/gannet/config/bus.yaml
        {{- end }}
        {{- if $s.usesLease }}
        - --lease=/etc/gannet/config/lease.yaml
        {{- end }}
        {{- if $numbered }}
        - --replica=$(REPLICA)
        {{- end }}
      {{- if $numbered }}
      env:
        # Its ordinal, which it keeps, and with it its volume.
        - name: REPLICA
          valueFrom: {fieldRef: {fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']"}}
      {{- end }}
      {{- if and $root.Values.venueSim.enabled (has $s.name (list "ingest" "execution")) }}
      env:
        # Whom the simulator's certificate is from; it takes the place of the public authorities.
        - name: SSL_CERT_FILE
          value: /etc/gannet/venue-sim/ca.crt
      {{- end }}
      ports:
        - {name: grpc, containerPort: {{ $s.facts.port }}}
        - {name: admin, containerPort: 9464}
        {{- if eq $s.name "gateway" }}
        - {name: https, containerPort: 8443}
        {{- end }}
        {{- if $alerts }}
        - {name: alerts, containerPort: 7190}
        {{- end }}
      # Of the admin port: the kubelet has no certificate. Alive is also who waits for its lease.
      startupProbe:
        httpGet: {path: /livez, port: admin}
        {{- toYaml $s.probes.startup | nindent 8 }}
      readinessProbe:
        httpGet: {path: /readyz, port: admin}
        {{- toYaml $s.probes.readiness | nindent 8 }}
      livenessProbe:
        httpGet: {path: /livez, port: admin}
        {{- toYaml $s.probes.liveness | nindent 8 }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ $s.drain.preStopSleepSeconds }}
      resources:
        {{- toYaml $s.resources | nindent 8 }}
      securityContext:
        {{- include "gannet.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        - {name: data, mountPath: /var/lib/gannet}
        - {name: tmp, mountPath: /tmp}
        - {name: config, mountPath: /etc/gannet/config, readOnly: true}
        - {name: tls, mountPath: /etc/gannet/tls, readOnly: true}
        {{- if $s.facts.bus }}
        - {name: kafka, mountPath: /etc/gannet/kafka, readOnly: true}
        {{- end }}
        {{- if $s.usesPostgres }}
        - {name: postgres, mountPath: /etc/gannet/postgres, readOnly: true}
        {{- end }}
        {{- if $s.usesRedis }}
        - {name: redis, mountPath: /etc/gannet/redis, readOnly: true}
        {{- end }}
        {{- if $s.usersSecret }}
        - {name: users, mountPath: /etc/gannet/users, readOnly: true}
        {{- end }}
        {{- if and $root.Values.venueSim.enabled (has $s.name (list "ingest" "execution")) }}
        - {name: venue-sim, mountPath: /etc/gannet/venue-sim, readOnly: true}
        {{- end }}
        {{- if $alerts }}
        - {name: alerts, mountPath: /etc/gannet/alerts, readOnly: true}
        {{- end }}
        {{- range $folder, $secret := $s.secrets }}
        - {name: secret-{{ $folder }}, mountPath: /etc/gannet/secrets/{{ $folder }}, readOnly: true}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 256Mi}
    - name: config
      configMap:
        name: {{ $full }}-{{ $s.name }}
    {{- include "gannet.secretVolume" (dict "name" "tls" "secret" $root.Values.tls.existingSecret) | nindent 4 }}
    {{- if $s.facts.bus }}
    {{- include "gannet.secretVolume" (dict "name" "kafka" "secret" (default $root.Values.kafka.existingSecret $s.kafkaSecret)) | nindent 4 }}
    {{- end }}
    {{- if $s.usesPostgres }}
    {{- include "gannet.secretVolume" (dict "name" "postgres" "secret" $root.Values.postgres.existingSecret) | nindent 4 }}
    {{- end }}
    {{- if $s.usesRedis }}
    {{- include "gannet.secretVolume" (dict "name" "redis" "secret" $root.Values.redis.existingSecret "keys" (list "password" "ca.crt")) | nindent 4 }}
    {{- end }}
    {{- with $s.usersSecret }}
    {{- include "gannet.secretVolume" (dict "name" "users" "secret" . "keys" (list "users.json" "token")) | nindent 4 }}
    {{- end }}
    {{- if and $root.Values.venueSim.enabled (has $s.name (list "ingest" "execution")) }}
    {{- include "gannet.secretVolume" (dict "name" "venue-sim" "secret" $root.Values.venueSim.existingSecret "keys" (list "ca.crt")) | nindent 4 }}
    {{- end }}
    {{- with $alerts }}
    {{- include "gannet.secretVolume" (dict "name" "alerts" "secret" . "keys" (list "token")) | nindent 4 }}
    {{- end }}
    {{- range $folder, $secret := $s.secrets }}
    {{- include "gannet.secretVolume" (dict "name" (printf "secret-%s" $folder) "secret" $secret) | nindent 4 }}
    {{- end }}
    {{- if not $s.facts.bus }}
    - name: data
      emptyDir: {sizeLimit: 2Gi}
    {{- end }}
{{- end }}

{{- define "gannet.hasOwnConfig" -}}
{{- if hasKey (include "gannet.config" . | fromYaml) "service.yaml" }}yes{{ end }}
{{- end }}
