{{/* Nobody in the pod is root, gains rights or writes to the image: Pod Security "restricted", and a step beyond. */}}
{{- define "service.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ .Values.global.readOnlyRootFilesystem }}
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What all containers of the pod know of where they run, and the settings of the runtime itself. */}}
{{- define "service.runtimeEnv" -}}
- name: NODE_OPTIONS
  value: --max-old-space-size={{ div (mul (include "service.mebibytes" .Values.resources.limits.memory) .Values.heapPercent) 100 }} --max-semi-space-size=2
{{- if .Values.global.trustedCertificates.secretName }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/zoco/certificates/{{ .Values.global.trustedCertificates.key }}
{{- end }}
{{- end -}}

{{- define "service.downwardEnv" -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: NODE_NAME
  valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
{{- if .Values.global.observability.otlp.endpoint }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME),service.namespace={{ .Release.Name }}
{{- end }}
{{- end -}}

{{/* The logins that a running service has: one tenant at a time, and the worker's. */}}
{{- define "service.databaseEnv" -}}
{{- range list "DATABASE_URL" "DATABASE_WORKER_URL" }}
- name: {{ . }}
  valueFrom:
    secretKeyRef: { name: {{ include "service.databaseSecret" $ }}, key: {{ . }} }
{{- end }}
{{- end -}}

{{- define "service.natsEnv" -}}
- name: NATS_URL
  valueFrom:
    secretKeyRef: { name: {{ include "service.natsSecret" . }}, key: NATS_URL }
{{- end -}}

{{/* Logins that may create databases, roles, streams and consumers. Where the Secrets are not there, all of that is. */}}
{{- define "service.adminEnv" -}}
- name: DATABASE_OWNER_URL
  valueFrom:
    secretKeyRef: { name: {{ include "service.databaseSecret" . }}, key: DATABASE_OWNER_URL }
- name: DATABASE_ADMIN_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.externalPostgres.adminSecret | default (printf "%s-postgres" .Release.Name) }}
      key: DATABASE_ADMIN_URL
      optional: true
- name: NATS_ADMIN_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.externalNats.adminSecret | default (printf "%s-nats" .Release.Name) }}
      key: NATS_ADMIN_URL
      optional: true
{{- end -}}

{{- define "service.volumeMounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if .Values.global.trustedCertificates.secretName }}
- { name: certificates, mountPath: /etc/zoco/certificates, readOnly: true }
{{- end }}
{{- if or .Values.global.tls.postgres .Values.global.tls.nats }}
- { name: authorities, mountPath: /etc/zoco/authorities, readOnly: true }
{{- end }}
{{- end -}}

{{- define "service.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: {{ .Values.tmpSize }} }
{{- if .Values.calls }}
# A token for each callee, which it alone accepts; the kubelet renews them.
- name: identity
  projected:
    sources:
      {{- range .Values.calls }}
      - serviceAccountToken: { path: {{ . }}/token, audience: zoco-{{ . }}, expirationSeconds: 3600 }
      {{- end }}
{{- end }}
{{- if .Values.kubernetesApi }}
# What asks the API server: for the keys that tokens of callers are signed with, and whatever its Role allows.
- name: kubernetes-api
  projected:
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3600 }
      - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
      - downwardAPI: { items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }] }
{{- end }}
{{- if .Values.persistence.enabled }}
- name: data
  persistentVolumeClaim: { claimName: {{ include "service.name" . }} }
{{- end }}
{{- if .Values.global.trustedCertificates.secretName }}
- name: certificates
  secret: { secretName: {{ .Values.global.trustedCertificates.secretName }} }
{{- end }}
{{- if or .Values.global.tls.postgres .Values.global.tls.nats }}
# Who vouches for Postgres and NATS; the URLs in the Secrets name these files.
- name: authorities
  projected:
    sources:
      {{- range $server := list "postgres" "nats" }}
      {{- if get $.Values.global.tls $server }}
      - secret: { name: {{ $.Release.Name }}-{{ $server }}-tls, items: [{ key: ca.crt, path: {{ $server }}.crt }] }
      {{- end }}
      {{- end }}
{{- end }}
{{- end -}}

{{- define "service.podAnnotations" -}}
checksum/config: {{ include (print .Template.BasePath "/configmap.yaml") . | sha256sum }}
{{- if .Values.settings.shared }}
prometheus.io/scrape: "true"
prometheus.io/port: "9090"
prometheus.io/path: /metrics
{{- end }}
{{- with include "zoco.mesh.podAnnotations" . }}
{{ . }}
{{- end }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "service.podLabels" -}}
{{ include "service.labels" . }}
{{- with include "zoco.mesh.podLabels" . }}
{{ . }}
{{- end }}
{{- with .Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Apart as far as the cluster allows; a pod that nobody can place serves nobody, so it is a wish. */}}
{{- define "service.topologySpread" -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "service.selectorLabels" $ | nindent 6 }}
  # Each version is spread by itself, or a rollout would leave the new pods where the old ones were not.
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}
