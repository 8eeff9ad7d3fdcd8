{{/* The component: the alias under which the product chart takes this one, unless that is no Kubernetes name. */}}
{{- define "service.component" -}}
{{ .Values.nameOverride | default .Chart.Name }}
{{- end -}}

{{/* Name of every object of the component. */}}
{{- define "service.name" -}}
{{ printf "%s-%s" .Release.Name (include "service.component" .) }}
{{- end -}}

{{/* What finds its pods; never changes between versions. */}}
{{- define "service.selectorLabels" -}}
app.kubernetes.io/name: zoco
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ include "service.component" . }}
{{- end -}}

{{- define "service.labels" -}}
{{ include "service.selectorLabels" . }}
app.kubernetes.io/part-of: zoco
app.kubernetes.io/version: {{ include "service.version" . | trunc 63 | trimSuffix "-" | trimSuffix "." | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "zoco-%s" .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Of the program, as far as its tag tells: what /health, logs and traces call its version. */}}
{{- define "service.version" -}}
{{ .Values.image.tag | default .Values.global.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* Whole name of the image; a digest wins over a tag. */}}
{{- define "service.image" -}}
{{- $registry := .Values.image.registry | default .Values.global.image.registry | trimSuffix "/" -}}
{{- with $registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- with .Values.image.digest }}@{{ . }}{{ else }}:{{ include "service.version" . }}{{ end }}
{{- end -}}

{{- define "service.imagePullPolicy" -}}
{{ .Values.image.pullPolicy | default .Values.global.image.pullPolicy }}
{{- end -}}

{{/* Fewest pods that run; empty where an autoscaler may go to none. */}}
{{- define "service.replicasMin" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.minReplicas }}
{{- else if .Values.keda.enabled }}{{ .Values.keda.minReplicas }}
{{- else }}{{ .Values.replicas }}{{ end }}
{{- end -}}

{{/* Secrets: those of the names that the product chart gives them, or the reader's own. */}}
{{- define "service.secret" -}}
{{ .Values.secret.existingSecret | default (include "service.name" .) }}
{{- end -}}
{{- define "service.databaseSecret" -}}
{{ .Values.database.existingSecret | default (printf "%s-database" (include "service.name" .)) }}
{{- end -}}
{{- define "service.natsSecret" -}}
{{ .Values.nats.existingSecret | default .Values.global.externalNats.existingSecret | default (printf "%s-nats-%s" .Release.Name (include "service.component" .)) }}
{{- end -}}

{{/* MiB of a quantity such as 320Mi or 1Gi. */}}
{{- define "service.mebibytes" -}}
{{- if hasSuffix "Gi" . }}{{ mulf (trimSuffix "Gi" . | float64) 1024 | int }}
{{- else if hasSuffix "Mi" . }}{{ trimSuffix "Mi" . | int }}
{{- else }}{{ fail (printf "resources.limits.memory is %s: give it in Mi or Gi, the heap of Node is computed from it." .) }}{{ end }}
{{- end -}}

{{/* Seconds from the order to stop until the kill: before the signal, refusing, ending requests, and some to spare. */}}
{{- define "service.gracePeriodSeconds" -}}
{{ add .Values.shutdown.preStopSeconds .Values.shutdown.delaySeconds .Values.shutdown.timeoutSeconds 10 }}
{{- end -}}
