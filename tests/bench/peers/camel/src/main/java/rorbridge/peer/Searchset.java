package rorbridge.peer;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/** What we read of the ROR's answer, a FHIR searchset; HealthcareService and Location have their elements in one record. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Searchset(Integer total, List<Entry> entry) {
    private static final String DISTANCE = "http://hl7.org/fhir/StructureDefinition/location-distance";

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Entry(Resource resource, Search search) {
        boolean isMatch() {
            return search == null || !"include".equals(search.mode());
        }

        /** Gives the distance in km that the server found; null when it tells none. */
        Double distanceKm() {
            if (search == null || search.extension() == null) {
                return null;
            }
            return search.extension().stream()
                    .filter(one -> DISTANCE.equals(one.url()) && one.valueDistance() != null)
                    .map(one -> one.valueDistance().value())
                    .findFirst()
                    .orElse(null);
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Search(String mode, List<Extension> extension) {
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Extension(String url, Quantity valueDistance) {
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Quantity(Double value) {
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Resource(String resourceType, String id, String name, List<Reference> location, Address address,
            Position position) {
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Reference(String reference) {
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Address(List<String> line, String postalCode, String city) {
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Position(double latitude, double longitude) {
    }
}
