package rorbridge.peer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import org.apache.camel.Exchange;
import org.apache.camel.LoggingLevel;
import org.apache.camel.Message;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.builder.ThreadPoolBuilder;
import org.apache.camel.component.kafka.KafkaConstants;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.apache.camel.model.dataformat.JsonLibrary;
import org.apache.kafka.common.errors.RetriableException;

/** A batch of requests from Kafka, each answered from the ROR at the same time as the others, committed when all are. */
public final class Routes extends RouteBuilder {
    private static final String REQUEST = "request";
    private static final String ID = "id";
    private static final String QUERY = "query";
    private static final int MOST_KEPT = 10_000;

    private final Map<String, String> settings = System.getenv();
    private final Duration keptFor = Duration.ofSeconds(Long.parseLong(settings.get("RORBRIDGE_ROR__CACHE_TTL")));
    private final Cache<String, Found> cache =
            Caffeine.newBuilder().maximumSize(MOST_KEPT).expireAfterWrite(keptFor).build();
    private Token token;

    @Override
    public void configure() throws Exception {
        ProducerTemplate template = getContext().createProducerTemplate();
        token = new Token(() -> template.requestBody("direct:token", null, Token.Answer.class));

        batches();
        orientations();
        search();
        deadLetters();
        tokens();
    }

    private void batches() throws Exception {
        // "Threading Model", camel.apache.org/manual/threading-model.html. As many threads as calls to the ROR at the
        // same time, since camel-http's calls block theirs. The queue holds whole batches: were it full, the consumers'
        // own threads would make calls too.
        int calls = Integer.parseInt(settings.get("RORBRIDGE_ROR__MAX_CONCURRENCY"));
        ExecutorService threads =
                new ThreadPoolBuilder(getContext()).poolSize(calls).maxPoolSize(calls).maxQueueSize(-1).build("calls");

        // A batch that failed would be passed over by the commit of the next one, so none may fail: whatever goes wrong
        // with a request is settled in its own route. That ends when Kafka has acknowledged the result or dead letter,
        // without holding its thread until then. The order of a key is not kept.
        from("kafka:{{env:RORBRIDGE_KAFKA__REQUESTS_TOPIC}}?groupId={{env:RORBRIDGE_KAFKA__GROUP_ID}}")
                .errorHandler(noErrorHandler())
                .split(body()).parallelProcessing().executorService(threads)
                    .process(Routes::receive)
                    .to("direct:orientation")
                .end();
    }

    private void orientations() {
        var route = from("direct:orientation")
                .errorHandler(deadLetterChannel("direct:dead-letter").deadLetterHandleNewException(false)
                        .loggingLevel(LoggingLevel.WARN));
        route.onException(RetriableException.class)  // Kafka's: it is away, and the request cannot help it
                .maximumRedeliveries(-1).redeliveryDelay(1_000);
        route.onException(HttpOperationFailedException.class).onWhen(Routes::isWorthRepeating)
                .maximumRedeliveries(3).redeliveryDelay(200).useExponentialBackOff().useCollisionAvoidance();
        route.onException(IOException.class)
                .maximumRedeliveries(3).redeliveryDelay(200).useExponentialBackOff().useCollisionAvoidance();
        route
                .unmarshal().json(JsonLibrary.Jackson, Request.class)
                .process(Routes::ask);
        if (keptFor.isZero()) {
            route.to("direct:search");
        } else {
            // As "Caffeine Cache", camel.apache.org/components/4.22.x/caffeine-cache-component.html, shows it: get, and
            // on a miss call and put.
            route.process(one -> one.getMessage().setBody(cache.getIfPresent(query(one))))
                    .choice().when(body().isNull())
                        .to("direct:search")
                        .process(one -> cache.put(query(one), one.getMessage().getBody(Found.class)))
                    .end();
        }
        route
                .process(Routes::answer)
                .marshal(dataFormat().json().library(JsonLibrary.Jackson).contentTypeHeader(false).end())
                .to("kafka:{{env:RORBRIDGE_KAFKA__RESULTS_TOPIC}}");
    }

    private void search() {
        from("direct:search")
                .errorHandler(noErrorHandler())
                .process(this::authorize)
                .to("{{env:RORBRIDGE_ROR__BASE_URL}}/HealthcareService?httpMethod=GET&skipResponseHeaders=true")
                .unmarshal().json(JsonLibrary.Jackson, Searchset.class)
                .process(one -> one.getMessage().setBody(Found.in(one.getMessage().getBody(Searchset.class))));
    }

    private void deadLetters() {
        // It goes on until Kafka has it: there is nowhere else to put it.
        from("direct:dead-letter")
                .errorHandler(defaultErrorHandler().maximumRedeliveries(-1).redeliveryDelay(1_000))
                .process(Routes::bury)
                .to("kafka:{{env:RORBRIDGE_KAFKA__DEAD_LETTER_TOPIC}}");
    }

    private void tokens() {
        String form = "grant_type=client_credentials&client_id=" + encoded("RORBRIDGE_ROR__CLIENT_ID")
                + "&client_secret=" + encoded("RORBRIDGE_ROR__CLIENT_SECRET");
        from("direct:token")
                .errorHandler(noErrorHandler())
                .setHeader(Exchange.CONTENT_TYPE, constant("application/x-www-form-urlencoded"))
                .setBody(constant(form))
                .to("{{env:RORBRIDGE_ROR__TOKEN_URL}}?httpMethod=POST")
                .unmarshal().json(JsonLibrary.Jackson, Token.Answer.class);
    }

    /** Takes a record out of its batch: as it came it is kept for a dead letter, and its value is the body. */
    private static void receive(Exchange exchange) {
        Message request = exchange.getMessage().getBody(Exchange.class).getMessage();
        exchange.setProperty(REQUEST, request);
        exchange.setProperty(ID, request.getHeader("ce_id", String.class));
        exchange.getMessage().setBody(request.getBody());
    }

    private static void ask(Exchange exchange) {
        exchange.setProperty(QUERY, exchange.getMessage().getBody(Request.class).query());
    }

    private void authorize(Exchange exchange) {
        Message message = exchange.getMessage();
        message.setBody(null);
        message.setHeader(Exchange.HTTP_QUERY, query(exchange));
        message.setHeader("Accept", "application/fhir+json");
        message.setHeader("Authorization", "Bearer " + token.get());
        message.setHeader("Ror-Profil-Utilisateur-Code", settings.get("RORBRIDGE_ROR__USER_PROFILE_CODE"));
        message.setHeader("Ror-Profil-Utilisateur-System", settings.get("RORBRIDGE_ROR__USER_PROFILE_SYSTEM"));
        message.setHeader("Ror-Role-Metier-Code", settings.get("RORBRIDGE_ROR__ROLE_CODE"));
        message.setHeader("Ror-Role-Metier-System", settings.get("RORBRIDGE_ROR__ROLE_SYSTEM"));
    }

    /** Makes the result, a CloudEvent 1.0 in Kafka's binary mode. */
    private static void answer(Exchange exchange) {
        Message message = exchange.getMessage();
        String id = exchange.getProperty(ID, String.class);
        message.setBody(Result.of(id, message.getBody(Found.class)));
        message.removeHeaders("*");
        setKey(message, exchange);
        message.setHeader("ce_specversion", "1.0");
        message.setHeader("ce_id", UUID.randomUUID().toString());
        message.setHeader("ce_source", "urn:rorbridge:peer:camel");
        message.setHeader("ce_type", "rorbridge.orientation.result.v1");
        message.setHeader("ce_time", Instant.now().toString());
        message.setHeader("content-type", "application/json");
        message.setHeader("ce_correlationid", id);
    }

    private static void bury(Exchange exchange) {
        Message request = exchange.getProperty(REQUEST, Message.class);
        Exception why = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Exception.class);
        Message message = exchange.getMessage();
        message.setHeaders(request.getHeaders());
        message.setBody(request.getBody());
        setKey(message, exchange);
        message.setHeader("kafka_dlt-exception-message", String.valueOf(why));
    }

    private static void setKey(Message message, Exchange exchange) {
        message.setHeader(KafkaConstants.KEY, exchange.getProperty(REQUEST, Message.class).getHeader(KafkaConstants.KEY));
    }

    private static String query(Exchange exchange) {
        return exchange.getProperty(QUERY, String.class);
    }

    private static boolean isWorthRepeating(Exchange exchange) {
        HttpOperationFailedException failed =
                exchange.getProperty(Exchange.EXCEPTION_CAUGHT, HttpOperationFailedException.class);
        return failed.getStatusCode() == 429 || failed.getStatusCode() >= 500;
    }

    private String encoded(String setting) {
        return URLEncoder.encode(settings.get(setting), StandardCharsets.UTF_8);
    }
}
