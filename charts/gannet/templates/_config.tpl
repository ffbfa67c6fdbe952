{{/* The files of a service's ConfigMap: only what it reads, so that its checksum changes
     when its own configuration does. Takes (dict "root" $ "service" …). */}}
{{- define "gannet.config" -}}
{{- $root := .root -}}
{{- $s := .service -}}
{{- $own := tpl $s.config $root -}}
{{- $added := include (printf "gannet.config.%s" (ternary $s.name "none" (has $s.name (list "gateway" "reporting")))) . -}}
{{- $text := trim (printf "%s\n%s" (trim $own) (trim $added)) -}}
{{- if $text }}
service.yaml: |
{{ $text | indent 2 }}
{{- end }}
rpc.yaml: |
  tls:
    certificate: /etc/gannet/tls/tls.crt
    key: /etc/gannet/tls/tls.key
{{- if $root.Values.tls.clientAuth }}
    client_ca: /etc/gannet/tls/ca.crt
{{- end }}
  reflection: {{ $root.Values.rpc.reflection }}
{{- with $root.Values.rpc.people }}
  people:
{{- range . }}
    - name: {{ .name | quote }}
      rights: {{ toJson .rights }}
{{- with .tokenSha256 }}
      token_sha256: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if $s.facts.bus }}
bus.yaml: |
{{ include "gannet.bus" . | indent 2 }}
{{- end }}
{{- if $s.usesLease }}
lease.yaml: |
  length: {{ $root.Values.postgres.lease.length }}
  margin: {{ $root.Values.postgres.lease.margin }}
  receive_window: {{ $root.Values.postgres.lease.receiveWindow }}
  postgres:
{{ include "gannet.postgres" $root | indent 4 }}
{{- end }}
{{- if $s.usesPostgres }}
store.yaml: |
{{ include "gannet.store" $root | indent 2 }}
{{- end }}
{{- end }}

{{- define "gannet.bus" -}}
{{- $kafka := .root.Values.kafka -}}
kafka:
  brokers: {{ include "gannet.brokers" .root | quote }}
  ca_file: /etc/gannet/kafka/ca.crt
{{- if eq $kafka.auth "mtls" }}
  certificate_file: /etc/gannet/kafka/tls.crt
  key_file: /etc/gannet/kafka/tls.key
{{- else }}
  user: {{ default $kafka.user .service.kafkaUser | quote }}
  password_file: /etc/gannet/kafka/password
{{- end }}
{{- with $kafka.prefix }}
  prefix: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "gannet.store" -}}
store:
  postgres:
{{ include "gannet.postgres" . | indent 4 }}
{{- end }}

{{- define "gannet.config.none" }}{{ end }}

{{- define "gannet.config.reporting" -}}
{{- $notifier := .root.Values.monitoring.notifier -}}
{{- if .service.usesPostgres }}{{ include "gannet.store" .root }}{{ end }}
{{- if $notifier.config }}
notify:
{{ tpl $notifier.config .root | trim | indent 2 }}
{{- if $notifier.alertsSecret }}
  alerts:
    address: 0.0.0.0
    port: 7190
    token_file: /etc/gannet/alerts/token
    certificate: /etc/gannet/tls/tls.crt
    key: /etc/gannet/tls/tls.key
{{- end }}
{{- end }}
{{- end }}

{{- define "gannet.config.gateway" -}}
{{- $full := include "gannet.fullname" .root -}}
address: 0.0.0.0
port: 8443
certificate: /etc/gannet/tls/tls.crt
key: /etc/gannet/tls/tls.key
host_names:
{{- range list "web" "gateway" }}
  - {{ $full }}-{{ . }}
  - {{ $full }}-{{ . }}.{{ $.root.Release.Namespace }}.svc
{{- end }}
{{- range .service.hostNames }}
  - {{ . | quote }}
{{- end }}
{{- if .service.usersSecret }}
users_file: /etc/gannet/users/users.json
token_file: /etc/gannet/users/token
{{- end }}
{{- if .service.usesRedis }}
{{- $redis := .root.Values.redis }}
redis:
  address: {{ include "gannet.redis" .root | quote }}
  user: {{ $redis.user | quote }}
  prefix: {{ $redis.prefix | quote }}
  password_file: /etc/gannet/redis/password
  root_certificate: /etc/gannet/redis/ca.crt
{{- end }}
{{- end }}
