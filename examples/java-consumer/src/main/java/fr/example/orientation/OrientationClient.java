package fr.example.orientation;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import fr.example.orientation.Ledger.Request;
import fr.example.orientation.contract.RorbridgeOrientationResult;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Requests out, results in, each result handled once. */
final class OrientationClient implements AutoCloseable {

    private final Map<String, Object> connection;
    private final Ledger ledger;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final ObjectMapper json = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            // A result may get new fields; the generated types keep them in getAdditionalProperties().
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    OrientationClient(Map<String, Object> connection, Ledger ledger, String resultsTopic, String group) {
        this.connection = connection;
        this.ledger = ledger;
        Map<String, Object> properties = new HashMap<>(connection);
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        // Results are written in transactions: what was aborted is not there.
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        // Committed in listen, after the work.
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        // A new group misses nothing; what is not ours is passed over.
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of(resultsTopic));
    }

    /** Publishes what the ledger has as unsent, and notes what Kafka confirms within the time. */
    void publish(String requestsTopic, Duration timeout) throws SQLException, InterruptedException {
        Map<String, Object> properties = new HashMap<>(connection);
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, timeout.toMillis());
        Map<String, Future<RecordMetadata>> confirmations = new HashMap<>();
        try (KafkaProducer<String, byte[]> producer =
                new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer())) {
            for (Request request : ledger.unsent()) {
                // Requests of one key are answered in their order; no key is needed.
                confirmations.put(
                        request.id(),
                        producer.send(new ProducerRecord<>(
                                requestsTopic, null, request.id(), request.data(), Event.requestHeaders(request.id()))));
            }
        } // closing waits until all are confirmed or have failed
        for (Map.Entry<String, Future<RecordMetadata>> one : confirmations.entrySet()) {
            try {
                one.getValue().get();
                ledger.markSent(one.getKey());
            } catch (ExecutionException error) {
                throw new KafkaException("a request was not published", error.getCause());
            }
        }
    }

    /** Takes what has come, hands over each new result of ours with its request, then commits. */
    void listen(BiConsumer<Request, RorbridgeOrientationResult> handler) throws SQLException {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(500));
        for (ConsumerRecord<byte[], byte[]> one : records) {
            handle(one, handler);
        }
        if (!records.isEmpty()) {
            try {
                consumer.commitSync();
            } catch (KafkaException error) {
                // Our partitions went to another member, or the broker is away. The records come again to whoever has
                // the partitions then, and the ledger knows them.
                System.err.println("not committed: " + error.getMessage());
            }
        }
    }

    /** Works on one record of the results topic: passes over, drops, or keeps and hands over. */
    private void handle(ConsumerRecord<byte[], byte[]> record, BiConsumer<Request, RorbridgeOrientationResult> handler)
            throws SQLException {
        Event event = Event.read(record.headers());
        Optional<Request> request = ledger.find(event.correlationId());
        if (!Event.RESULT.equals(event.type()) || event.id() == null || request.isEmpty()) {
            return; // of another kind, or the answer to somebody else
        }
        RorbridgeOrientationResult result;
        try {
            result = read(record.value());
        } catch (IOException error) {
            // It would be no better the next time: say where it is, and do not let it block the others.
            System.err.printf(
                    "cannot read %s/%d/%d: %s%n", record.topic(), record.partition(), record.offset(), error.getMessage());
            return;
        }
        if (ledger.keep(event.id(), request.get().id(), result.getStatus().value(), record.value())) {
            handler.accept(request.get(), result);
        }
    }

    private RorbridgeOrientationResult read(byte[] data) throws IOException {
        RorbridgeOrientationResult result =
                json.readValue(data == null ? new byte[0] : data, RorbridgeOrientationResult.class);
        if (result.getRequestId() == null || result.getStatus() == null) { // Jackson does not mind
            throw new IOException("requestId or status is missing");
        }
        return result;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
