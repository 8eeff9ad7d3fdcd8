{{/*
Labels of an object of the product.
Called with the root context and a component: include "zoco.labels" (dict "root" $ "component" "orders").
*/}}
{{- define "zoco.labels" -}}
{{ include "zoco.selectorLabels" . }}
app.kubernetes.io/part-of: zoco
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What finds the pods of a component; never changes between versions. */}}
{{- define "zoco.selectorLabels" -}}
app.kubernetes.io/name: zoco
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}
