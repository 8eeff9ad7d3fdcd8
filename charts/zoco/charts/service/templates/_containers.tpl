{{/* Programs that end before the service starts: migrations, and what else is to be there. All can be repeated. */}}
{{- define "service.initContainers" -}}
{{- if .Values.database.enabled }}
- name: migrate
  image: {{ include "service.image" . }}
  imagePullPolicy: {{ include "service.imagePullPolicy" . }}
  command: [node, dist/migrate.js]
  envFrom:
    - configMapRef: { name: {{ include "service.name" . }} }
    - configMapRef: { name: {{ .Release.Name }}-streams }
  env:
    {{- include "service.runtimeEnv" . | trim | nindent 4 }}
    {{- include "service.databaseEnv" . | trim | nindent 4 }}
    {{- include "service.adminEnv" . | trim | nindent 4 }}
  securityContext: {{- include "service.containerSecurityContext" . | nindent 4 }}
  resources: {{- toYaml .Values.resources | nindent 4 }}
  volumeMounts: {{- include "service.volumeMounts" . | nindent 4 }}
{{- end }}
{{- range $name, $setup := .Values.setup }}
- name: {{ $name }}
  image: {{ include "service.image" $ }}
  imagePullPolicy: {{ include "service.imagePullPolicy" $ }}
  command: [node, {{ .program }}]
  envFrom:
    - configMapRef: { name: {{ include "service.name" $ }} }
    - secretRef: { name: {{ $setup.existingSecret | default (printf "%s-%s" $.Release.Name $name) }} }
  env:
    {{- include "service.runtimeEnv" $ | trim | nindent 4 }}
    {{- include "service.databaseEnv" $ | trim | nindent 4 }}
  securityContext: {{- include "service.containerSecurityContext" $ | nindent 4 }}
  resources: {{- toYaml $.Values.resources | nindent 4 }}
  volumeMounts: {{- include "service.volumeMounts" $ | nindent 4 }}
{{- end }}
{{- end -}}

{{- define "service.container" -}}
- name: {{ include "service.component" . }}
  image: {{ include "service.image" . }}
  imagePullPolicy: {{ include "service.imagePullPolicy" . }}
  ports:
    - { name: http, containerPort: 8080, protocol: TCP }
    {{- if .Values.settings.shared }}
    - { name: admin, containerPort: 9090, protocol: TCP }
    {{- end }}
  envFrom:
    - configMapRef: { name: {{ include "service.name" . }} }
    {{- if .Values.secret.enabled }}
    - secretRef: { name: {{ include "service.secret" . }} }
    {{- end }}
    {{- range .Values.extraSecrets }}
    - secretRef: { name: {{ . }} }
    {{- end }}
  env:
    {{- include "service.runtimeEnv" . | trim | nindent 4 }}
    {{- include "service.downwardEnv" . | trim | nindent 4 }}
    {{- if .Values.database.enabled }}
    {{- include "service.databaseEnv" . | trim | nindent 4 }}
    {{- end }}
    {{- if .Values.nats.enabled }}
    {{- include "service.natsEnv" . | trim | nindent 4 }}
    {{- end }}
  {{- include "service.probes" . | nindent 2 }}
  {{- if .Values.shutdown.preStopSeconds }}
  lifecycle:
    preStop:
      sleep: { seconds: {{ .Values.shutdown.preStopSeconds }} }
  {{- end }}
  securityContext: {{- include "service.containerSecurityContext" . | nindent 4 }}
  resources: {{- toYaml .Values.resources | nindent 4 }}
  volumeMounts:
    {{- include "service.volumeMounts" . | nindent 4 }}
    {{- if .Values.calls }}
    - { name: identity, mountPath: /var/run/zoco/identity, readOnly: true }
    {{- end }}
    {{- if .Values.kubernetesApi }}
    - { name: kubernetes-api, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
    {{- end }}
    {{- if .Values.persistence.enabled }}
    - { name: data, mountPath: {{ .Values.persistence.mountPath }} }
    {{- end }}
{{- end -}}

{{/*
Alive is a question to the event loop alone: a service whose database is away is not helped by a restart. Ready asks for
what an answer needs.
*/}}
{{- define "service.probes" -}}
{{- $live := dict "port" "admin" "path" "/livez" -}}
{{- $ready := dict "port" "admin" "path" "/readyz" -}}
{{- if not .Values.settings.shared }}
{{- $live = dict "port" "http" "path" "/health" -}}
{{- $ready = $live -}}
{{- end -}}
startupProbe:
  httpGet: {{- toYaml $live | nindent 4 }}
  periodSeconds: {{ .Values.probes.startup.periodSeconds }}
  failureThreshold: {{ .Values.probes.startup.failureThreshold }}
  timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
readinessProbe:
  httpGet: {{- toYaml $ready | nindent 4 }}
  periodSeconds: {{ .Values.probes.readiness.periodSeconds }}
  failureThreshold: {{ .Values.probes.readiness.failureThreshold }}
  timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
livenessProbe:
  httpGet: {{- toYaml $live | nindent 4 }}
  periodSeconds: {{ .Values.probes.liveness.periodSeconds }}
  failureThreshold: {{ .Values.probes.liveness.failureThreshold }}
  timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
{{- end -}}
