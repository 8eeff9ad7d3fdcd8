{{/*
What is generated once and then kept. An installation asks the cluster for the Secrets of the release that ran before
(`lookup`); `helm template` asks nobody, so what it prints holds new passwords each time and suits inspection only:
with Argo CD or Flux set secrets.create=false and bring the Secrets.
*/}}

{{/* One generated Secret. Called with root, component, name and data (a dict of plain texts). */}}
{{- define "zoco.secret" -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "zoco.labels" (dict "root" .root "component" .component) | nindent 4 }}
  {{- if .root.Values.secrets.keep }}
  annotations:
    # The data in the volumes stays, so its keys and passwords have to.
    helm.sh/resource-policy: keep
  {{- end }}
type: Opaque
data:
  {{- range $key, $text := .data }}
  {{ $key }}: {{ $text | b64enc | quote }}
  {{- end }}
{{- end -}}

{{/* Text of a key of a Secret that is there already; empty where it is not. Called with root, name and key. */}}
{{- define "zoco.kept" -}}
{{- $secret := lookup "v1" "Secret" .root.Release.Namespace .name | default dict -}}
{{- $data := $secret.data | default dict -}}
{{- get $data .key | b64dec -}}
{{- end -}}

{{/* The password in a kept URL; the URL itself is made anew, since host and options may have changed. */}}
{{- define "zoco.keptUrlPassword" -}}
{{- $url := include "zoco.kept" . -}}
{{- if $url }}{{ regexReplaceAll "^[a-z]+://[^:]*:([^@]*)@.*$" $url "${1}" }}{{ end -}}
{{- end -}}

{{/* Services of the release that own a database, in the order of the alphabet. */}}
{{- define "zoco.databases" -}}
{{- range $service := include "zoco.services" . | fromYamlArray -}}
{{- if (index $.Values $service).database.enabled }}
- {{ $service }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Services of the release. */}}
{{- define "zoco.services" -}}
{{- range list "cart" "catalog" "gateway" "invoicing" "orders" "payments" "users" }}
{{- if (index $.Values .).enabled }}
- {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* host:port, and options, of the Postgres that the databases are in. */}}
{{- define "zoco.postgresAddress" -}}
{{- if .Values.postgres.enabled }}{{ .Release.Name }}-postgres:5432
{{- else }}{{ .Values.global.externalPostgres.host }}:{{ .Values.global.externalPostgres.port }}{{ end }}
{{- end -}}
{{- define "zoco.postgresOptions" -}}
{{- if not .Values.postgres.enabled }}?sslmode={{ .Values.global.externalPostgres.sslMode }}
{{- else if .Values.global.tls.postgres }}?sslmode=verify-full&sslrootcert=/etc/zoco/authorities/postgres.crt{{ end }}
{{- end -}}
