{{/* The rule of one edge, or nothing where its other end is not part of the release. */}}
{{- define "gannet.ingressRule" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $outside := get (dict "clients" $policy.clients "operators" $policy.operators "prometheus" $policy.prometheus) .edge.from -}}
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
- to:
    {{- range $v.networkPolicy.venues.cidrs }}
    - ipBlock:
        cidr: {{ . }}
        {{- if hasSuffix "/0" . }}
        {{- with $v.networkPolicy.venues.except }}
        except: {{ toJson . }}
        {{- end }}
        {{- end }}
    {{- end }}
  ports:
    {{- range $v.networkPolicy.venues.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- else if and (eq .edge.to "kafka") (eq $v.kafka.mode "external") }}
{{- include "gannet.externalRule" (dict "cidrs" $v.kafka.cidrs "places" (splitList "," $v.kafka.brokers)) }}
{{- else if and (eq .edge.to "postgres") (eq $v.postgres.mode "external") }}
{{- include "gannet.externalRule" (dict "cidrs" $v.postgres.cidrs "places" $v.postgres.hosts) }}
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
{{- if eq (default "" .edge.port) "https" }}8443{{ else if eq (default "" .edge.port) "admin" }}9464{{ else }}{{ get .has .edge.to }}{{ end -}}
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
