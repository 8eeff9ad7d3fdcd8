{{/*
A certificate with an authority of its own in a Secret, made once and kept while the Secret is there. Called with root,
component, name, names (host names that it is valid for) and days.
*/}}
{{- define "zoco.certificate" -}}
{{- $kept := (lookup "v1" "Secret" .root.Release.Namespace .name | default dict).data | default dict -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "zoco.labels" (dict "root" .root "component" .component) | nindent 4 }}
type: kubernetes.io/tls
data:
  {{- if and (hasKey $kept "tls.crt") (hasKey $kept "tls.key") (hasKey $kept "ca.crt") }}
  {{- range $key := list "ca.crt" "tls.crt" "tls.key" }}
  {{ $key }}: {{ get $kept $key }}
  {{- end }}
  {{- else }}
  {{- $authority := genCA (printf "%s of %s" .name .root.Release.Namespace) (int .days) }}
  {{- $certificate := genSignedCert (first .names) nil .names (int .days) $authority }}
  ca.crt: {{ $authority.Cert | b64enc }}
  tls.crt: {{ $certificate.Cert | b64enc }}
  tls.key: {{ $certificate.Key | b64enc }}
  {{- end }}
{{- end -}}
