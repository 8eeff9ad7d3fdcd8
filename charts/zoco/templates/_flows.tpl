{{/*
Who opens connections to whom within the release, as YAML: `components` (every pod there is) and `flows` with `from`,
`to`, `port`, and for HTTP the `routes` (method, path) and `forwards` (path prefixes). It is the call graph without what is
switched off; network policies and both meshes range over it, so that they cannot differ.
*/}}
{{- define "zoco.flows" -}}
{{- $values := .Values -}}
{{- $graph := .Files.Get "files/graph.yaml" | fromYaml -}}
{{- $postgres := (.Values.postgres).enabled -}}
{{- $nats := (.Values.nats).enabled -}}
{{- $sandbox := ((.Values.stripe).sandbox).enabled -}}
{{- $on := list -}}
{{- range $name := keys $graph.services | sortAlpha -}}
{{- if (index $values $name).enabled }}{{ $on = append $on $name }}{{ end -}}
{{- end -}}
{{- $flows := list -}}
{{- range $name := $on -}}
  {{- $service := index $graph.services $name -}}
  {{- range $callee := $on -}}
    {{- with index $service.calls $callee -}}
      {{- $flows = append $flows (dict "from" $name "to" $callee "port" 8080 "routes" .routes "forwards" .forwards) -}}
    {{- end -}}
  {{- end -}}
  {{- if and $postgres $service.database -}}
    {{- $flows = append $flows (dict "from" $name "to" "postgres" "port" 5432) -}}
  {{- end -}}
  {{- if $nats -}}
    {{- $flows = append $flows (dict "from" $name "to" "nats" "port" 4222) -}}
  {{- end -}}
  {{- range $service.outside -}}
    {{- if $sandbox -}}
      {{- $webhook := dict "call" (printf "%sWebhook" .party) "method" "POST" "path" .webhookPath -}}
      {{- $flows = append $flows (dict "from" $name "to" "stripe-sandbox" "port" 8080 "forwards" (list "/v1")) -}}
      {{- $flows = append $flows (dict "from" "stripe-sandbox" "to" $name "port" 8080 "routes" (list $webhook)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if $nats }}{{ $flows = append $flows (dict "from" "nats" "to" "nats" "port" 6222) }}{{ end -}}
{{- $components := $on -}}
{{- if $postgres }}{{ $components = append $components "postgres" }}{{ end -}}
{{- if $nats }}{{ $components = append $components "nats" }}{{ end -}}
{{- if $sandbox }}{{ $components = append $components "stripe-sandbox" }}{{ end -}}
{{- toYaml (dict "services" $on "components" $components "flows" $flows) -}}
{{- end -}}

{{/* Metadata of a policy object: (list $ name component). */}}
{{- define "zoco.flows.metadata" -}}
{{- $root := index . 0 -}}
name: {{ $root.Release.Name }}-{{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels: {{- include "zoco.labels" (dict "root" $root "component" (index . 2)) | nindent 2 }}
{{- end -}}

{{/*
A path of the graph as the whole of a regular expression, with parameters that are one segment: /internal/users/{user_id}
*/}}
{{- define "zoco.flows.pathRegex" -}}
{{- regexReplaceAll `\{[^}]*\}` (. | replace "." `\.`) "[^/]+" -}}
{{- end -}}

{{/* Paths by callee that services read from each other, which may be asked twice: (include "zoco.flows" . | fromYaml). */}}
{{- define "zoco.flows.reads" -}}
{{- $reads := dict -}}
{{- range $flow := .flows -}}
  {{- range $flow.routes -}}
    {{- if eq .method "GET" -}}
      {{- $_ := set $reads $flow.to (append (get $reads $flow.to | default list) .path | uniq) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- toYaml $reads -}}
{{- end -}}
