package fr.example.orientation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import fr.example.orientation.Ledger.Request;
import fr.example.orientation.contract.RorbridgeOrientationResult;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Publishes orientation requests on Kafka and prints what comes of them, a line of JSON each. */
@Command(
        name = "orientation-consumer",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Ask for orientation over Kafka and print the answers.")
final class Ask implements Callable<Integer> {

    @Parameters(paramLabel = "FILE", description = "Requests, a JSON file each.")
    List<Path> files = List.of();

    @Option(names = "--bootstrap-servers", required = true, description = "Where Kafka is.")
    String bootstrapServers;

    @Option(names = "--requests-topic", description = "Default: ${DEFAULT-VALUE}.")
    String requestsTopic = "ror.orientation.requests";

    @Option(names = "--results-topic", description = "Default: ${DEFAULT-VALUE}.")
    String resultsTopic = "ror.orientation.results";

    @Option(names = "--group", description = "Consumer group. Default: ${DEFAULT-VALUE}.")
    String group = "example-java-consumer";

    @Option(names = "--database", description = "What was asked and answered. Default: ${DEFAULT-VALUE}.")
    Path database = Path.of("ledger.sqlite");

    @Option(names = "--timeout", description = "Seconds to wait for the results. Default: ${DEFAULT-VALUE}.")
    int timeout = 60;

    @Option(names = "--follow", description = "Go on until interrupted.")
    boolean follow;

    @Option(names = "-X", paramLabel = "NAME=VALUE", description = "Setting of the Kafka client, such as for TLS.")
    Map<String, String> settings = Map.of();

    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private final ObjectMapper json = new ObjectMapper();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean stopped;

    public static void main(String[] arguments) {
        Ask ask = new Ask();
        int code = 1;
        try {
            code = new CommandLine(ask).execute(arguments);
        } finally {
            ask.ended.countDown();
        }
        System.exit(code);
    }

    /** Asks and listens. Gives 0 when every request has its result, else 1. */
    @Override
    public Integer call() throws SQLException, InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop));
        Map<String, Object> connection = new HashMap<>(settings);
        connection.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);

        try (Ledger ledger = new Ledger(database);
                OrientationClient client = new OrientationClient(connection, ledger, resultsTopic, group)) {
            for (Path file : files) {
                ledger.add(file.getFileName().toString(), Files.readAllBytes(file));
            }
            client.publish(requestsTopic, Duration.ofSeconds(timeout));
            Instant deadline = Instant.now().plusSeconds(timeout);
            while (!stopped
                    && (follow || (!ledger.unanswered().isEmpty() && Instant.now().isBefore(deadline)))) {
                client.listen(this::print);
            }
            List<Request> unanswered = ledger.unanswered();
            unanswered.forEach(one -> System.err.printf("no result yet for %s (%s)%n", one.name(), one.id()));
            return unanswered.isEmpty() ? 0 : 1;
        } catch (IOException error) {
            System.err.println("cannot read the request: " + error.getMessage());
            return 1;
        } catch (KafkaException error) {
            String cause = error.getCause() == null ? "" : ": " + error.getCause().getMessage();
            System.err.println("Kafka: " + error.getMessage() + cause);
            return 1;
        }
    }

    private void print(Request request, RorbridgeOrientationResult result) {
        try {
            out.println(json.writeValueAsString(Summary.of(request.name(), result)));
        } catch (JsonProcessingException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** On a signal: lets the work in hand end well before the process does. */
    private void stop() {
        stopped = true;
        try {
            ended.await();
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }
}
