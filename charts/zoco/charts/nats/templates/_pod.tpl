{{- define "nats.podSpec" -}}
serviceAccountName: {{ include "nats.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add .Values.lameDuck.gracePeriodSeconds .Values.lameDuck.durationSeconds 15 }}
{{- with .Values.priorityClassName | default .Values.global.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with (.Values.global.image).pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.runAsUser }}
  runAsGroup: {{ .Values.runAsGroup }}
  fsGroup: {{ .Values.runAsGroup }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: nats
    image: {{ include "nats.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy | default (.Values.global.image).pullPolicy | default "IfNotPresent" }}
    args: [--config, /etc/nats/nats.conf]
    ports:
      - { name: client, containerPort: 4222, protocol: TCP }
      - { name: cluster, containerPort: 6222, protocol: TCP }
      - { name: monitor, containerPort: 8222, protocol: TCP }
    env: {{- include "nats.env" . | nindent 6 }}
    startupProbe:
      # All streams that it has a part in are up to date, so that a rollout never takes the next server too early.
      httpGet: { port: monitor, path: /healthz }
      {{- toYaml .Values.probes.startup | nindent 6 }}
      timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
    readinessProbe:
      httpGet: { port: monitor, path: "/healthz?js-server-only=true" }
      {{- toYaml .Values.probes.readiness | nindent 6 }}
      timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
    livenessProbe:
      # Without a leader or with a full disk a restart would not help.
      httpGet: { port: monitor, path: "/healthz?js-enabled-only=true" }
      {{- toYaml .Values.probes.liveness | nindent 6 }}
      timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
    {{- if include "nats.clustered" . }}
    lifecycle:
      preStop:
        # Clients go to the other servers; the signal that follows does not cut this short.
        exec: { command: [nats-server, --signal=ldm=/var/run/nats/nats.pid] }
    {{- end }}
    securityContext: {{- include "service.containerSecurityContext" . | nindent 6 }}
    resources: {{- toYaml .Values.resources | nindent 6 }}
    volumeMounts:
      - { name: data, mountPath: /data }
      - { name: config, mountPath: /etc/nats, readOnly: true }
      - { name: run, mountPath: /var/run/nats }
      {{- if include "nats.tls" . }}
      - { name: tls, mountPath: /etc/nats/tls, readOnly: true }
      {{- end }}
volumes:
  {{- if not .Values.persistence.enabled }}
  - name: data
    emptyDir: { sizeLimit: {{ .Values.persistence.size }} }
  {{- end }}
  - name: config
    configMap: { name: {{ include "nats.name" . }} }
  - name: run
    emptyDir: { sizeLimit: 1Mi }
  {{- if include "nats.tls" . }}
  - name: tls
    secret: { secretName: {{ include "nats.name" . }}-tls, defaultMode: 0440 }
  {{- end }}
topologySpreadConstraints:
  {{- if .Values.topologySpreadConstraints }}
  {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "nats.selectorLabels" $ | nindent 8 }}
  {{- end }}
  {{- end }}
{{- with .Values.nodeSelector | default .Values.global.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations | default .Values.global.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
The variables of nats.conf. The server reads their values as it reads its configuration, where a password may look like a
number: what the Secret holds goes into SECRET_*, and quoted into the variable that the configuration names.
*/}}
{{- define "nats.env" -}}
- name: GOMEMLIMIT
  value: {{ div (mul (include "service.mebibytes" .Values.resources.limits.memory) 9) 10 }}MiB
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: SERVER_NAME
  value: '"$(POD_NAME)"'
{{- range $login := include "nats.logins" . | fromJsonArray }}
- name: SECRET_{{ upper $login }}
  valueFrom:
    secretKeyRef: { name: {{ include "nats.name" $ }}, key: NATS_PASSWORD_{{ upper $login }} }
- name: NATS_PASSWORD_{{ upper $login }}
  value: '"$(SECRET_{{ upper $login }})"'
{{- end }}
{{- if include "nats.clustered" . }}
- name: CLUSTER_ROUTES
  {{- $name := include "nats.name" . }}
  {{- $routes := list }}
  {{- range $index := until (int .Values.replicas) }}
  {{- $routes = append $routes (printf "\"nats://cluster:$(SECRET_CLUSTER)@%s-%d.%s-headless:6222\"" $name $index $name) }}
  {{- end }}
  value: '[{{ join ", " $routes }}]'
{{- end }}
{{- end -}}
