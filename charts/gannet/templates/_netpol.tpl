{{/* The rule of one edge, or nothing where its other end is not part of the release. */}}
{{- define "gannet.ingressRule" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $alertmanager := ternary $policy.alertmanager list (ne "" .root.Values.monitoring.notifier.alertsSecret) -}}
{{- $outside := get (dict "clients" $policy.clients "operators" $policy.operators "prometheus" $policy.prometheus "alertmanager" $alertmanager) .edge.from -}}
{{- $peers := "" -}}
{{- if hasKey .has .edge.from -}}
{{- $peers = include "gannet.peer" (dict "root" .root "component" .edge.from) -}}
{{- else if $outside -}}
{{- $peers = toYaml $outside -}}
{{- end -}}
{{- if $peers }}
- from:
    {{- $peers | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ include "gannet.edgePort" . }}}
{{- end }}
{{- end }}

{{- define "gannet.egressRule" -}}
{{- $v := .root.Values -}}
{{- if hasKey .has .edge.to }}
- to:
    {{- include "gannet.peer" (dict "root" .root "component" .edge.to) | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ include "gannet.edgePort" . }}}
{{- else if eq .edge.to "venues" }}
{{- if not $v.venueSim.enabled }}
{{- include "gannet.beyondRule" $v.networkPolicy.venues }}
{{- end }}
{{- else if eq .edge.to "prometheus" }}
{{- $host := (urlParse $v.canary.prometheus).host }}
- to:
    {{- toYaml $v.networkPolicy.prometheus | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ regexFind ":[0-9]+$" $host | trimPrefix ":" | default (ternary "443" "80" (hasPrefix "https" $v.canary.prometheus)) }}}
{{- else if eq .edge.to "channels" }}
{{- if $v.monitoring.notifier.config }}
{{- include "gannet.beyondRule" $v.networkPolicy.channels }}
{{- end }}
{{- else if and (eq .edge.to "kafka") (eq $v.kafka.mode "external") }}
{{- include "gannet.externalRule" (dict "cidrs" $v.kafka.cidrs "places" (splitList "," $v.kafka.brokers)) }}
{{- else if and (eq .edge.to "redis") (eq $v.redis.mode "external") }}
{{- include "gannet.externalRule" (dict "cidrs" $v.redis.cidrs "places" (list $v.redis.address)) }}
{{- else if and (eq .edge.to "postgres") (eq $v.postgres.mode "external") }}
{{- include "gannet.externalRule" (dict "cidrs" $v.postgres.cidrs "places" $v.postgres.hosts) }}
{{- end }}
{{- end }}

{{/* Beyond the cluster: what is excepted is only of the whole internet. */}}
{{- define "gannet.beyondRule" }}
{{- $except := .except }}
- to:
    {{- range .cidrs }}
    - ipBlock:
        cidr: {{ . }}
        {{- if hasSuffix "/0" . }}
        {{- with $except }}
        except: {{ toJson . }}
        {{- end }}
        {{- end }}
    {{- end }}
  ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}

{{- define "gannet.externalRule" }}
- to:
    {{- range .cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
  ports:
    {{- range splitList "," (include "gannet.portsOf" .places) }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}

{{- define "gannet.peer" -}}
- podSelector:
    matchLabels:
      {{- include "gannet.selector" . | nindent 6 }}
{{- end }}

{{/* Ports of pods, not of Services: what a policy sees. */}}
{{- define "gannet.edgePort" -}}
{{- $named := dict "https" 8443 "admin" 9464 "alerts" 7190 -}}
{{- get $named (default "" .edge.port) | default (get .has .edge.to) -}}
{{- end }}

{{- define "gannet.dnsRule" -}}
{{- with .Values.networkPolicy.dns -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .namespace }}
      podSelector:
        matchLabels:
          {{- toYaml .podLabels | nindent 10 }}
  ports:
    {{- range .ports }}
    - {protocol: UDP, port: {{ . }}}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- end }}
