{{/*
What a pod carries to get its proxy, by `global.mesh.provider`. The proxy is a native sidecar: it runs before the init
container that migrates, which otherwise could not reach Postgres and NATS, and ends after the last container of a Job.
Called with the root; for Postgres and NATS with `(merge (dict "opaquePorts" "4222,6222") .)`, whose servers speak first
or are no HTTP, so that a proxy that waits for the client's first bytes would wait for ever.
*/}}
{{- define "zoco.mesh.podAnnotations" -}}
{{- $provider := ((.Values.global).mesh).provider | default "none" -}}
{{- if eq $provider "linkerd" -}}
linkerd.io/inject: enabled
config.beta.linkerd.io/proxy-enable-native-sidecar: "true"
{{- with .opaquePorts }}
config.linkerd.io/opaque-ports: {{ . | quote }}
{{- end }}
{{- else if eq $provider "istio" -}}
sidecar.istio.io/nativeSidecar: "true"
sidecar.istio.io/rewriteAppHTTPProbers: "true"
{{- end -}}
{{- end -}}

{{- define "zoco.mesh.podLabels" -}}
{{- if eq (((.Values.global).mesh).provider | default "none") "istio" -}}
sidecar.istio.io/inject: "true"
{{- end -}}
{{- end -}}

{{/* A client's proxy learns from the Service that a port is opaque. */}}
{{- define "zoco.mesh.serviceAnnotations" -}}
{{- if and .opaquePorts (eq (((.Values.global).mesh).provider | default "none") "linkerd") -}}
config.linkerd.io/opaque-ports: {{ .opaquePorts | quote }}
{{- end -}}
{{- end -}}
