{{/* The pods of a component as a peer: (list $ "orders"). */}}
{{- define "zoco.policies.peer" -}}
- podSelector:
    matchLabels: {{- include "zoco.selectorLabels" (dict "root" (index . 0) "component" (index . 1)) | nindent 6 }}
{{- end -}}

{{- define "zoco.policies.ports" -}}
{{- $ports := list -}}
{{- range . }}{{ $ports = append $ports (dict "protocol" "TCP" "port" (. | int)) }}{{ end -}}
{{- toYaml $ports -}}
{{- end -}}

{{/* Ingress beyond the call graph: clients, Prometheus, the autoscaler, and those who operate the shop. */}}
{{- define "zoco.policies.ingress" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $policies := $root.Values.global.networkPolicies -}}
{{- $linkerd := eq $root.Values.global.mesh.provider "linkerd" -}}
{{- $istio := eq $root.Values.global.mesh.provider "istio" -}}
{{- $proxyPorts := $linkerd | ternary (list 4143) list -}}
{{- if eq $component "gateway" }}
- ports: {{- include "zoco.policies.ports" (prepend $proxyPorts 8080) | nindent 4 }}
  {{- with $policies.gatewayFrom }}
  from: {{- toYaml . | nindent 4 }}
    {{- include "zoco.policies.peer" (list $root "smoke") | nindent 4 }}
    {{- include "zoco.policies.peer" (list $root "cli") | nindent 4 }}
  {{- end }}
{{- end }}
{{- if has $component (list "postgres" "nats") }}
- from: {{- include "zoco.policies.peer" (list $root "cli") | nindent 4 }}
  ports: {{- include "zoco.policies.ports" (prepend $proxyPorts (eq $component "postgres" | ternary 5432 4222)) | nindent 4 }}
{{- end }}
{{- $watched := list -}}
{{- if eq $component "nats" }}{{ $watched = append $watched 8222 }}{{ end -}}
{{- if not (has $component (list "nats" "postgres" "stripe-sandbox")) }}{{ $watched = append $watched 9090 }}{{ end -}}
{{- if $linkerd }}{{ $watched = concat $watched (list 4191 4143) }}{{ end -}}
{{- if $istio }}{{ $watched = concat $watched (list 15020 15090) }}{{ end -}}
{{- with $watched }}
- from: {{- toYaml $policies.prometheusFrom | nindent 4 }}
  ports: {{- include "zoco.policies.ports" . | nindent 4 }}
{{- end }}
{{- if eq $component "nats" }}
- from: {{- toYaml $policies.natsMonitorFrom | nindent 4 }}
  ports: {{- include "zoco.policies.ports" (prepend $proxyPorts 8222) | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Egress that every pod with a network needs: names, and the proxy's control plane. */}}
{{- define "zoco.policies.egressBase" -}}
{{- $mesh := .Values.global.mesh -}}
- to: {{- toYaml .Values.global.networkPolicies.dnsTo | nindent 4 }}
  ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- if eq $mesh.provider "linkerd" }}
- to:
    - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: {{ $mesh.linkerd.namespace }} } }
  # Destinations, identity and policies of the control plane.
  ports: {{- include "zoco.policies.ports" (list 8086 8080 8090 4143) | nindent 4 }}
{{- else if eq $mesh.provider "istio" }}
- to:
    - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: {{ $mesh.istio.namespace }} } }
  # istiod: configuration and certificates.
  ports: {{- include "zoco.policies.ports" (list 15012) | nindent 4 }}
{{- end }}
{{- end -}}

{{/* NATS outside the release, and Postgres for whoever owns a database there. */}}
{{- define "zoco.policies.egressStores" -}}
{{- $root := index . 0 -}}
{{- $hasDatabase := index . 1 -}}
{{- $policies := $root.Values.global.networkPolicies -}}
{{- if and $hasDatabase (not $root.Values.postgres.enabled) }}
- to: {{- toYaml $policies.externalPostgres.to | nindent 4 }}
  ports: {{- include "zoco.policies.ports" $policies.externalPostgres.ports | nindent 4 }}
{{- end }}
{{- if not $root.Values.nats.enabled }}
- to: {{- toYaml $policies.externalNats.to | nindent 4 }}
  ports: {{- include "zoco.policies.ports" $policies.externalNats.ports | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Egress beyond the call graph: names, stores outside, traces, the API server, and Stripe. */}}
{{- define "zoco.policies.egress" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $policies := $root.Values.global.networkPolicies -}}
{{- include "zoco.policies.egressBase" $root }}
{{- if has $component (index . 2).services }}
{{- $node := index (($root.Files.Get "files/graph.yaml" | fromYaml).services) $component }}
{{- include "zoco.policies.egressStores" (list $root $node.database) }}
{{- with $root.Values.global.observability.otlp.endpoint }}
- to: {{- toYaml $policies.otlpTo | nindent 4 }}
  ports: {{- include "zoco.policies.ports" (list (splitList ":" (urlParse .).host | last | int | default 4318)) | nindent 4 }}
{{- end }}
{{- if (index $root.Values $component).kubernetesApi }}
- to: {{- include "zoco.policies.apiServer" $root | nindent 4 }}
  ports: {{- include "zoco.policies.ports" $policies.apiServer.ports | nindent 4 }}
{{- end }}
{{- range $node.outside }}
{{- if not $root.Values.stripe.sandbox.enabled }}
- to: {{- toYaml (index $policies.outside .party).to | nindent 4 }}
  ports: {{- include "zoco.policies.ports" (list 443) | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
The API server: private networks by default, and the addresses that it has at the time of the installation, because some
clouds give it public ones. A policy sees the addresses behind the Service `kubernetes`, never that of the Service.
*/}}
{{- define "zoco.policies.apiServer" -}}
{{- $cidrs := .Values.global.networkPolicies.apiServer.cidrs -}}
{{- range ((lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "kubernetes").endpoints) -}}
  {{- range .addresses }}{{ $cidrs = append $cidrs (printf "%s/%d" . (contains ":" . | ternary 128 32)) }}{{ end -}}
{{- end -}}
{{- $peers := list -}}
{{- range $cidrs }}{{ $peers = append $peers (dict "ipBlock" (dict "cidr" .)) }}{{ end -}}
{{- toYaml $peers -}}
{{- end -}}
