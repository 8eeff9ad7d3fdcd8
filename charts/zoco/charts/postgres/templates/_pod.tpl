{{- define "postgres.podSpec" -}}
serviceAccountName: {{ include "postgres.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
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
  # Only the folder itself is looked at: to walk through all of the data takes longer with every order.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: postgres
    image: {{ include "postgres.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy | default (.Values.global.image).pullPolicy | default "IfNotPresent" }}
    args: [-c, config_file=/etc/postgresql/postgresql.conf]
    ports:
      - { name: postgres, containerPort: 5432, protocol: TCP }
    env:
      # Where the image of this major version looks by itself, below the mount: the root of a volume may hold lost+found.
      - { name: PGDATA, value: /var/lib/postgresql/18/docker }
      - { name: POSTGRES_PASSWORD_FILE, value: /run/secrets/zoco/password }
      # Sorts the same with every C library, so that an index survives a new image.
      - name: POSTGRES_INITDB_ARGS
        value: --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C.UTF-8 --data-checksums
    # The image starts a server without TCP to set itself up; asking at the socket would find that one.
    startupProbe:
      exec: { command: [pg_isready, -q, -h, 127.0.0.1, -U, postgres] }
      {{- toYaml .Values.probes.startup | nindent 6 }}
      timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
    readinessProbe:
      exec: { command: [pg_isready, -q, -h, 127.0.0.1, -U, postgres] }
      {{- toYaml .Values.probes.readiness | nindent 6 }}
      timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
    livenessProbe:
      # 1 is a server that refuses because it recovers: to kill it would only make that longer.
      exec: { command: [sh, -c, "pg_isready -q -h 127.0.0.1 -U postgres || [ $? -eq 1 ]"] }
      {{- toYaml .Values.probes.liveness | nindent 6 }}
      timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
    securityContext: {{- include "service.containerSecurityContext" . | nindent 6 }}
    resources: {{- toYaml .Values.resources | nindent 6 }}
    volumeMounts:
      - { name: data, mountPath: /var/lib/postgresql }
      - { name: config, mountPath: /etc/postgresql, readOnly: true }
      - { name: password, mountPath: /run/secrets/zoco, readOnly: true }
      - { name: run, mountPath: /var/run/postgresql }
      - { name: tmp, mountPath: /tmp }
      - { name: shared-memory, mountPath: /dev/shm }
      {{- if include "postgres.tls" . }}
      - { name: tls, mountPath: /etc/postgresql/tls, readOnly: true }
      {{- end }}
volumes:
  {{- if not .Values.persistence.enabled }}
  - name: data
    emptyDir: { sizeLimit: {{ .Values.persistence.size }} }
  {{- end }}
  - name: config
    configMap: { name: {{ include "postgres.name" . }} }
  - name: password
    secret:
      secretName: {{ include "postgres.name" . }}
      defaultMode: 0440
      items: [{ key: POSTGRES_PASSWORD, path: password }]
  - name: run
    emptyDir: { sizeLimit: 1Mi }
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  - name: shared-memory
    emptyDir: { medium: Memory, sizeLimit: {{ .Values.sharedMemorySize }} }
  {{- if include "postgres.tls" . }}
  - name: tls
    secret:
      secretName: {{ include "postgres.name" . }}-tls
      # Of root and its group alone, or Postgres does not take the key.
      defaultMode: 0440
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
