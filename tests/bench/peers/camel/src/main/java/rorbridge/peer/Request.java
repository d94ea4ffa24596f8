package rorbridge.peer;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.math.BigDecimal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The plain subset of an orientation request: an activity near a point. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Request(Need need, Where where) {
    private static final String ACTIVITY =
            "https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/TRE-R211-ActiviteOperationnelle";

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Need(List<String> activity) {
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Where(Point near, BigDecimal radiusKm) {
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Point(double latitude, double longitude) {
    }

    /** Gives the query of the search that answers it. */
    public String query() {
        String activity = need.activity().stream().map(code -> ACTIVITY + "|" + code).collect(Collectors.joining(","));
        Point point = where.near();
        String near = String.format(Locale.ROOT, "%.6f|%.6f|%s|km", point.latitude(), point.longitude(),
                where.radiusKm().stripTrailingZeros().toPlainString());
        return "specialty=" + encoded(activity) + "&location.near=" + encoded(near)
                + "&_include=" + encoded("HealthcareService:location");
    }

    private static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }
}
