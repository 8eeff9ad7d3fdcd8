{{/* Name of every object. */}}
{{- define "postgres.name" -}}
{{ .Release.Name }}-postgres
{{- end -}}

{{- define "postgres.labels" -}}
{{ include "zoco.labels" (dict "root" . "component" "postgres") }}
{{- end -}}

{{- define "postgres.selectorLabels" -}}
{{ include "zoco.selectorLabels" (dict "root" . "component" "postgres") }}
{{- end -}}

{{/* Whole name of the image; a digest wins over a tag. */}}
{{- define "postgres.image" -}}
{{- with .Values.image.registry | trimSuffix "/" }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag }}{{ end }}
{{- end -}}

{{/* Clients speak TLS or are refused. */}}
{{- define "postgres.tls" -}}
{{- if dig "tls" "postgres" false (.Values.global | default dict) }}true{{ end -}}
{{- end -}}
