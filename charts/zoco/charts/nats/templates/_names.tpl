{{/* Name of every object. */}}
{{- define "nats.name" -}}
{{ .Release.Name }}-nats
{{- end -}}

{{- define "nats.labels" -}}
{{ include "zoco.labels" (dict "root" . "component" "nats") }}
{{- end -}}

{{- define "nats.selectorLabels" -}}
{{ include "zoco.selectorLabels" (dict "root" . "component" "nats") }}
{{- end -}}

{{/* Whole name of the image; a digest wins over a tag. */}}
{{- define "nats.image" -}}
{{- with .Values.image.registry | trimSuffix "/" }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag }}{{ end }}
{{- end -}}

{{/* Clients speak TLS or are refused, and so do the servers among themselves. */}}
{{- define "nats.tls" -}}
{{- if dig "tls" "nats" false (.Values.global | default dict) }}true{{ end -}}
{{- end -}}

{{/* All logins: those of people and servers, and one per service. */}}
{{- define "nats.logins" -}}
{{- concat (list "admin" "cluster" "system") (keys (.Files.Get "files/permissions.yaml" | fromYaml).services | sortAlpha) | toJson -}}
{{- end -}}

{{- define "nats.clustered" -}}
{{- if gt (int .Values.replicas) 1 }}true{{ end -}}
{{- end -}}
