{{/* Cut so that a StatefulSet has at most 52 characters: its pods carry its name and ten more in a label of 63. */}}
{{- define "gannet.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 36 | trimSuffix "-" }}
{{- end }}

{{/* Never the same for two releases: a name that is cut ends with a part of its hash, and
     only the release that is called like the chart is not called so twice. */}}
{{- define "gannet.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}
{{- else }}
{{- $full := printf "%s-%s" .Release.Name (include "gannet.name" .) }}
{{- if eq .Release.Name (include "gannet.name" .) }}{{ $full = .Release.Name }}{{ end }}
{{- if gt (len $full) 36 }}{{ $full = printf "%s-%s" ($full | trunc 29 | trimSuffix "-") ($full | sha256sum | trunc 6) }}{{ end }}
{{- $full }}
{{- end }}
{{- end }}

{{/* What selects: never changes over the life of a release. Takes (dict "root" $ "component" …). */}}
{{- define "gannet.selector" -}}
app.kubernetes.io/name: {{ include "gannet.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Of pods: no versions, so that a new version of the chart alone restarts nothing. */}}
{{- define "gannet.podLabels" -}}
{{ include "gannet.selector" . }}
app.kubernetes.io/part-of: gannet
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gannet.labels" -}}
{{ include "gannet.selector" . }}
app.kubernetes.io/part-of: gannet
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Takes (dict "root" $ "program" …). */}}
{{- define "gannet.image" -}}
{{- $image := .root.Values.image -}}
{{- $name := printf "%s%s" $image.prefix .program -}}
{{- if $image.registry }}{{ $name = printf "%s/%s" (trimSuffix "/" $image.registry) $name }}{{ end -}}
{{- with get $image.digests .program -}}
{{ $name }}@{{ . }}
{{- else -}}
{{ $name }}:{{ default $.root.Chart.AppVersion $image.tag }}
{{- end -}}
{{- end }}

{{- define "gannet.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Facts of files/services.yaml, the entry of values over `defaults`, and the name:
     what every template of a service works with. `scaled`: a scaler decides how many pods
     there are; `several`: there may be more than one. Takes (dict "root" $ "name" …). */}}
{{- define "gannet.service" -}}
{{- $facts := get (.root.Files.Get "files/services.yaml" | fromYaml) .name -}}
{{- $own := get .root.Values.services .name -}}
{{- $merged := mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy $own) -}}
{{- $postgres := ne .root.Values.postgres.mode "none" -}}
{{- $_ := set $merged "name" .name -}}
{{- $_ := set $merged "facts" $facts -}}
{{- $_ := set $merged "usesLease" (and $facts.lease $postgres) -}}
{{- $_ := set $merged "usesRedis" (and $facts.redis (ne .root.Values.redis.mode "none")) -}}
{{- $scaled := or (dig "autoscaling" "enabled" false $merged) (dig "keda" "enabled" false $merged) -}}
{{- $_ := set $merged "scaled" $scaled -}}
{{- $_ := set $merged "several" (or $scaled (gt (int (default 1 $merged.replicas)) 1)) -}}
{{- $_ := set $merged "usesPostgres" (and (or $facts.lease $facts.store) $postgres) -}}
{{- toJson $merged -}}
{{- end }}

{{/* Brokers and database hosts as clients name them. */}}
{{- define "gannet.brokers" -}}
{{- if eq .Values.kafka.mode "bundled" }}{{ include "gannet.fullname" . }}-kafka.{{ .Release.Namespace }}.svc:9093
{{- else }}{{ .Values.kafka.brokers }}{{ end }}
{{- end }}

{{- define "gannet.postgres" -}}
hosts:
{{- if eq .Values.postgres.mode "bundled" }}
  - {{ include "gannet.fullname" . }}-postgres.{{ .Release.Namespace }}.svc:5432
{{- else }}
{{- range .Values.postgres.hosts }}
  - {{ . | quote }}
{{- end }}
{{- end }}
database: {{ .Values.postgres.database | quote }}
user: {{ .Values.postgres.user | quote }}
password_file: /etc/gannet/postgres/password
root_certificate: /etc/gannet/postgres/ca.crt
{{- end }}

{{- define "gannet.redis" -}}
{{- if eq .Values.redis.mode "bundled" }}{{ include "gannet.fullname" . }}-redis.{{ .Release.Namespace }}.svc:6379
{{- else }}{{ .Values.redis.address }}{{ end }}
{{- end }}

{{/* The ports of "host:port, host:port", each once. */}}
{{- define "gannet.portsOf" -}}
{{- $ports := list -}}
{{- range . }}{{ $ports = append $ports (regexReplaceAll "^.*:" (trim .) "") }}{{ end -}}
{{- $ports | uniq | sortAlpha | join "," -}}
{{- end }}

{{- define "gannet.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
# Later mounts leave the modes alone: a secret that a program keeps beside its journal
# is refused when its group may read it.
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "gannet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "gannet.storage" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}

{{/* A secret as files, all or `keys` of them. fsGroup makes them readable: 288 is 0440. */}}
{{- define "gannet.secretVolume" -}}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 288
    {{- with .keys }}
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
    {{- end }}
{{- end }}
