package rorbridge.peer;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.function.Supplier;

/**
 * The access token, fetched once for all and kept until shortly before it expires.
 *
 * <p>camel-http can do it by itself (oauth2CacheTokens), but keeps a token for each URL with its query (4.22.0,
 * OAuth2ClientConfigurer): as no two of our searches are alike, each would fetch one, and none would ever be forgotten.
 */
final class Token {
    private static final long MARGIN_S = 30;

    private final Supplier<Answer> source;
    private volatile Kept kept = new Kept("", Instant.MIN);

    Token(Supplier<Answer> source) {
        this.source = source;
    }

    String get() {
        Kept found = kept;
        return Instant.now().isBefore(found.until()) ? found.value() : renewed();
    }

    private synchronized String renewed() {
        if (Instant.now().isAfter(kept.until())) {
            Answer answer = source.get();
            kept = new Kept(answer.accessToken(), Instant.now().plusSeconds(answer.expiresIn() - MARGIN_S));
        }
        return kept.value();
    }

    private record Kept(String value, Instant until) {
    }

    /** What the token endpoint answers. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Answer(@JsonProperty("access_token") String accessToken, @JsonProperty("expires_in") long expiresIn) {
    }
}
