{{/* Who keeps a journal has a volume, and goes on with it; the others are all alike. */}}
{{- define "gannet.kind" }}{{ ternary "StatefulSet" "Deployment" .facts.bus }}{{ end }}

{{/* Scaler and disruption budget of a service that scales. */}}
{{- define "gannet.scaling" -}}
{{- $root := .root -}}
{{- $s := .service -}}
{{- $name := printf "%s-%s" (include "gannet.fullname" $root) $s.name -}}
{{- $labels := include "gannet.labels" (dict "root" $root "component" $s.name) -}}
{{- $least := $s.replicas -}}
{{- if $s.autoscaling.enabled }}
{{- $least = $s.autoscaling.minReplicas }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  labels:
    {{- $labels | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: {{ include "gannet.kind" $s }}, name: {{ $name }}}
  minReplicas: {{ $s.autoscaling.minReplicas }}
  maxReplicas: {{ $s.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ $s.autoscaling.targetCPUUtilizationPercentage }}}
  behavior:
    scaleDown: {stabilizationWindowSeconds: 300}
{{- end }}
{{- if $s.keda.enabled }}
{{- $least = $s.keda.minReplicas }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ $name }}
  labels:
    {{- $labels | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: {{ include "gannet.kind" $s }}, name: {{ $name }}}
  minReplicaCount: {{ $s.keda.minReplicas }}
  maxReplicaCount: {{ $s.keda.maxReplicas }}
  triggers:
    - type: cpu
      metricType: Utilization
      metadata:
        value: {{ $s.keda.targetCPUUtilizationPercentage | quote }}
{{- end }}
{{- if gt (int $least) 1 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels:
    {{- $labels | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "gannet.selector" (dict "root" $root "component" $s.name) | nindent 6 }}
{{- end }}
{{- end }}
