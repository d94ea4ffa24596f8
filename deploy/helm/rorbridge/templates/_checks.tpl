{{/* What the schema cannot tell: values that are right one by one and wrong together. */}}
{{- define "rorbridge.checks" -}}
{{- $ror := .Values.settings.ror | default dict }}
{{- $kafka := .Values.settings.kafka | default dict }}
{{- $rorSecrets := .Values.secrets.ror | default dict }}
{{- $kafkaSecrets := .Values.secrets.kafka | default dict }}
{{- $rorFiles := .Values.files.ror | default dict }}
{{- if not (or $ror.environment (and $ror.base_url $ror.token_url)) }}
{{- fail "settings.ror: the ROR's addresses are missing: environment (sandbox or production), or base_url and token_url" }}
{{- end }}
{{- if eq (empty $rorSecrets.client_secret) (empty $rorFiles.client_cert) }}
{{- fail "one of secrets.ror.client_secret (access profile 0) and files.ror.client_cert is required, and not both" }}
{{- end }}
{{- if and (hasPrefix "SASL" ($kafka.security_protocol | default "")) (not (and $kafka.sasl_username $kafkaSecrets.sasl_password)) }}
{{- fail (printf "settings.kafka.security_protocol: %s needs settings.kafka.sasl_username and secrets.kafka.sasl_password" $kafka.security_protocol) }}
{{- end }}
{{- $registry := .Values.settings.schema_registry | default dict }}
{{- $registrySecrets := .Values.secrets.schema_registry | default dict }}
{{- if and (or $registry $registrySecrets .Values.files.schema_registry) (not $registry.url) }}
{{- fail "settings.schema_registry.url: what is set for the schema registry needs it" }}
{{- end }}
{{- if ne (empty $registry.username) (empty $registrySecrets.password) }}
{{- fail "settings.schema_registry.username and secrets.schema_registry.password go together" }}
{{- end }}
{{- if eq (include "rorbridge.port" .) "0" }}
{{- fail "settings.http.port: 0 is any free port, which no probe would find" }}
{{- end }}
{{- if .Values.keda.enabled }}
{{- if gt (include "rorbridge.maxReplicas" . | int) (int .Values.partitions) }}
{{- fail (printf "keda.maxReplicas: %d pods cannot share %d partitions; the others would never be ready" (int .Values.keda.maxReplicas) (int .Values.partitions)) }}
{{- end }}
{{- if gt (int .Values.keda.minReplicas) (include "rorbridge.maxReplicas" . | int) }}
{{- fail (printf "keda.minReplicas: %d is more than the most, %s" (int .Values.keda.minReplicas) (include "rorbridge.maxReplicas" .)) }}
{{- end }}
{{- $protocol := $kafka.security_protocol | default "" }}
{{- if and (hasPrefix "SASL" $protocol) (not .Values.keda.authentication) }}
{{- fail (printf "keda.authentication: settings.kafka.security_protocol is %s, so KEDA needs Kafka credentials of its own: name a TriggerAuthentication" $protocol) }}
{{- end }}
{{- else if gt (int .Values.replicaCount) (int .Values.partitions) }}
{{- fail (printf "replicaCount: %d pods cannot share %d partitions; the others would never be ready" (int .Values.replicaCount) (int .Values.partitions)) }}
{{- end }}
{{- if and .Values.kafkaTopics.enabled (not .Values.kafkaTopics.cluster) }}
{{- fail "kafkaTopics.cluster: name the Strimzi Kafka that the topics belong to" }}
{{- end }}
{{- if .Values.kafkaTopics.enabled }}
{{- $topics := .Values.kafkaTopics }}
{{- range $name := list "requests" "results" "deadLetters" }}
{{- $insync := get (merge (dict) (get $topics $name).config $topics.config) "min.insync.replicas" | default 1 | int }}
{{- if gt $insync (int $topics.replicas) }}
{{- fail (printf "kafkaTopics.replicas: %d with min.insync.replicas %d for kafkaTopics.%s would let nobody write; more replicas, or kafkaTopics.config.min\\.insync\\.replicas" (int $topics.replicas) $insync $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
