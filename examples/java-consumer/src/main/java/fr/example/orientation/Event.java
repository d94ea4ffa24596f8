package fr.example.orientation;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;

/** A CloudEvent 1.0 in Kafka's binary mode: its attributes are the record's headers, its data are the value. */
record Event(String id, String type, String correlationId) {

    static final String REQUEST = "rorbridge.orientation.request.v1";
    static final String RESULT = "rorbridge.orientation.result.v1";

    /** Who asks: put a URI of your own here. Source and id together name a request. */
    static final String SOURCE = "urn:example:care-pathway-tool";

    /** Reads the attributes of a record; null for each that is not there. */
    static Event read(Headers headers) {
        return new Event(
                attribute(headers, "ce_id"), attribute(headers, "ce_type"), attribute(headers, "ce_correlationid"));
    }

    /** Gives the headers of a request. */
    static List<Header> requestHeaders(String id) {
        return Map.of(
                        "ce_specversion", "1.0",
                        "ce_id", id,
                        "ce_source", SOURCE,
                        "ce_type", REQUEST,
                        "ce_time", Instant.now().toString(),
                        "content-type", "application/json")
                .entrySet()
                .stream()
                .<Header>map(one -> new RecordHeader(one.getKey(), one.getValue().getBytes(UTF_8)))
                .toList();
    }

    private static String attribute(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }
}
