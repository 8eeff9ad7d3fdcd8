{{/*
Ports of a component with the protocol that the proxy is told: NATS speaks first and Postgres is no HTTP, so both are
`opaque`. `open` are those that others than pods of the release ask.
*/}}
{{- define "zoco.linkerd.ports" -}}
{{- if eq . "postgres" }}
- { name: postgres, port: 5432, protocol: opaque, open: false }
{{- else if eq . "nats" }}
- { name: client, port: 4222, protocol: opaque, open: false }
- { name: cluster, port: 6222, protocol: opaque, open: false }
- { name: monitor, port: 8222, protocol: HTTP/1, open: true }
{{- else if eq . "stripe-sandbox" }}
- { name: http, port: 8080, protocol: HTTP/1, open: false }
{{- else }}
- { name: http, port: 8080, protocol: HTTP/1, open: {{ eq . "gateway" }} }
- { name: admin, port: 9090, protocol: HTTP/1, open: true }
{{- end }}
{{- end -}}

{{/* Name of the route of a call: camel case to kebab case. */}}
{{- define "zoco.linkerd.callName" -}}
{{- kebabcase . -}}
{{- end -}}

{{- define "zoco.linkerd.path" -}}
{{- if contains "{" . -}}
{ type: RegularExpression, value: {{ include "zoco.flows.pathRegex" . | squote }} }
{{- else -}}
{ type: Exact, value: {{ . }} }
{{- end -}}
{{- end -}}

{{/*
The routes of all services by name. One per call and not per caller: of two routes that match a request equally well only one
counts, and its callers would shut out the others.
*/}}
{{- define "zoco.linkerd.routes" -}}
{{- $routes := dict -}}
{{- range $flow := .flows -}}
  {{- if ne $flow.to "stripe-sandbox" -}}
  {{- range $flow.routes -}}
    {{- $match := dict "method" .method "path" (include "zoco.linkerd.path" .path | fromYaml) -}}
    {{- $_ := set $routes (printf "%s-%s" $flow.to (include "zoco.linkerd.callName" .call)) (dict "to" $flow.to "matches" (list $match)) -}}
  {{- end -}}
  {{- if $flow.forwards -}}
    {{- $matches := list -}}
    {{- range $flow.forwards }}{{ $matches = append $matches (dict "path" (dict "type" "PathPrefix" "value" .)) }}{{ end -}}
    {{- $_ := set $routes (printf "%s-public" $flow.to) (dict "to" $flow.to "matches" $matches) -}}
  {{- end -}}
  {{- end -}}
{{- end -}}
{{- toYaml $routes -}}
{{- end -}}

{{/* What a flow needs to be let through: a route of each call, or the port where there are no routes. */}}
{{- define "zoco.linkerd.targets" -}}
{{- $targets := list -}}
{{- if or (not (or .routes .forwards)) (eq .to "stripe-sandbox") -}}
  {{- $port := get (dict "5432" "postgres" "4222" "client" "6222" "cluster" "8080" "http") (.port | toString) -}}
  {{- $targets = append $targets (dict "kind" "Server" "name" (printf "%s-%s" .to $port)) -}}
{{- else -}}
  {{- range .routes -}}
    {{- $targets = append $targets (dict "kind" "HTTPRoute" "name" (printf "%s-%s" $.to (include "zoco.linkerd.callName" .call))) -}}
  {{- end -}}
  {{- if .forwards }}{{ $targets = append $targets (dict "kind" "HTTPRoute" "name" (printf "%s-public" .to)) }}{{ end -}}
{{- end -}}
{{- toYaml $targets -}}
{{- end -}}
