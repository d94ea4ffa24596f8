package rorbridge.peer;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/** The plain subset of an orientation result. */
public record Result(String requestId, String status, List<Found.Offer> offers, Search search) {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Search(Integer total) {
    }

    static Result of(String requestId, Found found) {
        String status = found.offers().isEmpty() ? "no-match" : "matched";
        return new Result(requestId, status, found.offers(), new Search(found.total()));
    }
}
