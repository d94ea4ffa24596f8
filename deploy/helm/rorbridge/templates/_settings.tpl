{{/* A value as the environment has it: numbers without exponents, which Go would write from a million on. */}}
{{- define "rorbridge.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ . | toJson }}{{ end }}
{{- end }}

{{/* Where the file of a reference is: (list GROUP NAME REFERENCE). Its own name is kept, which says what is in it (.p12). */}}
{{- define "rorbridge.path" -}}
{{- $reference := index . 2 }}
{{- if $reference.path }}{{ $reference.path }}{{ else }}/etc/rorbridge/{{ index . 0 }}/{{ index . 1 }}/{{ $reference.key }}{{ end }}
{{- end }}

{{- define "rorbridge.env" -}}
{{- range $group, $names := .Values.settings }}
{{- range $name, $value := $names }}
{{- if not (kindIs "invalid" $value) }}
- name: RORBRIDGE_{{ upper $group }}__{{ upper $name }}
  value: {{ include "rorbridge.text" $value | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- range $group, $names := .Values.secrets }}
{{- range $name, $reference := $names }}
- name: RORBRIDGE_{{ upper $group }}__{{ upper $name }}_FILE
  value: {{ include "rorbridge.path" (list $group $name $reference) | quote }}
{{- end }}
{{- end }}
{{- range $group, $names := .Values.files }}
{{- range $name, $reference := $names }}
- name: RORBRIDGE_{{ upper $group }}__{{ upper $name }}
  value: {{ include "rorbridge.path" (list $group $name $reference) | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := .Values.otel }}
- name: {{ $name }}
  value: {{ include "rorbridge.text" $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The projections of all references: one volume, so that a renewed certificate and its key change at the same moment. */}}
{{- define "rorbridge.projections" -}}
{{- range $kind := list .Values.secrets .Values.files }}
{{- range $group, $names := $kind }}
{{- range $name, $reference := $names }}
{{- if not $reference.path }}
- {{ if $reference.secret }}secret{{ else }}configMap{{ end }}:
    name: {{ $reference.secret | default $reference.configMap }}
    items:
      - key: {{ $reference.key | quote }}
        path: {{ printf "%s/%s/%s" $group $name $reference.key | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "rorbridge.volumes" -}}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 16Mi
{{- with include "rorbridge.projections" . }}
- name: files
  projected:
    defaultMode: 0440
    sources:
      {{- . | trim | nindent 6 }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rorbridge.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if include "rorbridge.projections" . }}
- name: files
  mountPath: /etc/rorbridge
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A setting, or what the service takes without it: (list ROOT GROUP NAME DEFAULT). */}}
{{- define "rorbridge.setting" -}}
{{- $group := index (index . 0).Values.settings (index . 1) | default dict }}
{{- $value := index $group (index . 2) }}
{{- if kindIs "invalid" $value }}{{ index . 3 }}{{ else }}{{ include "rorbridge.text" $value }}{{ end }}
{{- end }}

{{/* HOST:PORT,… as the service reads its setting: no spaces, 9092 where no port is named. */}}
{{- define "rorbridge.bootstrapServers" -}}
{{- $found := list }}
{{- range splitList "," .Values.settings.kafka.bootstrap_servers }}
{{- with trim . }}
{{- $found = append $found (ternary . (printf "%s:9092" .) (regexMatch ":[0-9]+$" .)) }}
{{- end }}
{{- end }}
{{- join "," $found }}
{{- end }}

{{- define "rorbridge.port" -}}
{{- include "rorbridge.setting" (list . "http" "port" 8080) }}
{{- end }}

{{- define "rorbridge.gracePeriod" -}}
{{- $drain := include "rorbridge.setting" (list . "kafka" "drain_timeout" 20) | float64 | ceil | int }}
{{- $least := add $drain 10 }}
{{- $given := .Values.terminationGracePeriodSeconds }}
{{- if kindIs "invalid" $given }}{{ add $drain 20 }}
{{- else if lt (int $given) (int $least) }}
{{- fail (printf "terminationGracePeriodSeconds: %d is too short: what is in hand is drained for %d seconds (settings.kafka.drain_timeout), then the group is left; at least %d" (int $given) $drain $least) }}
{{- else }}{{ int $given }}
{{- end }}
{{- end }}

{{- define "rorbridge.maxReplicas" -}}
{{- .Values.keda.maxReplicas | default .Values.partitions | int }}
{{- end }}
