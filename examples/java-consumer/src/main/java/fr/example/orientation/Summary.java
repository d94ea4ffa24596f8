package fr.example.orientation;

import fr.example.orientation.contract.Address;
import fr.example.orientation.contract.Bundle;
import fr.example.orientation.contract.CapacityIndicator;
import fr.example.orientation.contract.CodedValue;
import fr.example.orientation.contract.Evidence;
import fr.example.orientation.contract.Offer;
import fr.example.orientation.contract.Place;
import fr.example.orientation.contract.RorbridgeOrientationResult;
import fr.example.orientation.contract.Round;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a result says, status by status, in the few words that a screen has room for. */
final class Summary {

    // Codes of the French nomenclatures (NOS). Their words come along as `display`, for people; programs compare codes.
    private static final Set<String> PHONES = Set.of("1", "2"); // TRE_R200-CanalCommunication: mobile, landline
    private static final String BED = "01"; // TRE_R329-NatureCapacite
    private static final String AVAILABLE = "02"; // TRE_R330-TypeStatutCapacite
    private static final String NOW = "01"; // TRE_R331-TemporaliteCapacite

    private Summary() {}

    /** Sums up a result, as what becomes a JSON object. */
    static Map<String, Object> of(String name, RorbridgeOrientationResult result) {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("request", name);
        summary.put("requestId", result.getRequestId());
        summary.put("attempt", result.getAttempt());
        summary.put("status", result.getStatus());
        if (!result.getWarnings().isEmpty()) {
            // Answered all the same, but look at the request: such as at a code that is not known.
            summary.put("warnings", byPointer(result.getWarnings(), one -> one.getPointer(), one -> one.getDetail()));
        }
        switch (result.getStatus()) {
            case MATCHED -> {
                putSearch(summary, result);
                if (result.getBundle() != null) {
                    // A FHIR R4 Bundle, as the request asked: for your FHIR library, such as HAPI.
                    summary.put("bundle", kinds(result.getBundle()));
                } else {
                    summary.put("offers", result.getOffers().stream().map(Summary::offer).toList());
                }
            }
            // The ROR was asked and has nothing that we may see: widen the circle, or ask for less.
            case NO_MATCH -> putSearch(summary, result);
            // Our own mistake: the same request will be rejected again. The pointers say where to mend it.
            case REJECTED -> putProblem(summary, result);
            case FAILED -> {
                // Not our mistake. To ask again, publish the request under a new id.
                putProblem(summary, result);
                summary.put("retryable", result.getProblem() != null && result.getProblem().getRetryable());
            }
            // Its deadline passed first, so nobody waits for it any more.
            case EXPIRED -> putProblem(summary, result);
        }
        return summary;
    }

    private static void putSearch(Map<String, Object> summary, RorbridgeOrientationResult result) {
        if (result.getSearch() != null) {
            List<Round> rounds = result.getSearch().getRounds();
            summary.put("total", result.getSearch().getTotal());
            summary.put("complete", result.getSearch().getComplete());
            summary.put("radiusKm", rounds.isEmpty() ? null : rounds.get(rounds.size() - 1).getRadiusKm());
        }
    }

    private static void putProblem(Map<String, Object> summary, RorbridgeOrientationResult result) {
        if (result.getProblem() != null) {
            summary.put("problem", result.getProblem().getTitle() + ": " + result.getProblem().getDetail());
            summary.put(
                    "errors",
                    byPointer(result.getProblem().getErrors(), one -> one.getPointer(), one -> one.getDetail()));
        }
    }

    private static Map<String, Object> offer(Offer offer) {
        Optional<Place> place = place(offer);
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("name", offer.getName() != null ? offer.getName() : offer.getReference());
        summary.put("distanceKm", offer.getDistanceKm());
        summary.put("place", place.map(Place::getAddress).map(Summary::address).orElse(null));
        summary.put("phone", phone(offer));
        summary.put("freeBeds", place.map(Summary::freeBeds).orElse(null));
        Map<String, List<String>> met = new LinkedHashMap<>();
        for (Evidence one : offer.getMatch()) {
            if (one.getOutcome() == Evidence.Outcome.MET) {
                met.put(one.getCriterion(), one.getFound());
            }
        }
        summary.put("met", met);
        summary.put(
                "notVisible",
                offer.getMatch().stream()
                        .filter(one -> one.getOutcome() == Evidence.Outcome.NOT_VISIBLE)
                        .map(Evidence::getCriterion)
                        .toList());
        return summary;
    }

    /** Gives the place that the evidence names as its source, else the first. */
    private static Optional<Place> place(Offer offer) {
        Set<String> sources = offer.getMatch().stream().map(Evidence::getSource).collect(Collectors.toSet());
        return offer.getPlaces().stream()
                .filter(place -> sources.contains(place.getReference()))
                .findFirst()
                .or(() -> offer.getPlaces().stream().findFirst());
    }

    private static String address(Address address) {
        String city = Stream.of(address.getPostalCode(), address.getCity())
                .filter(Objects::nonNull)
                .collect(Collectors.joining(" "));
        return Stream.concat(address.getLines().stream(), Stream.of(city)).collect(Collectors.joining(", "));
    }

    private static String phone(Offer offer) {
        return offer.getContacts().stream()
                .flatMap(contact -> contact.getTelecoms().stream())
                .filter(one -> one.getChannel() != null && PHONES.contains(one.getChannel().getCode()))
                .map(one -> one.getValue())
                .findFirst()
                .orElse(null);
    }

    /** Gives the free beds by whom they are for. Null means that we may not see them, never that there are none. */
    private static List<Map<String, Object>> freeBeds(Place place) {
        List<Map<String, Object>> free = place.getCapacities().stream()
                .filter(one -> is(one.getKind(), BED) && is(one.getStatus(), AVAILABLE) && is(one.getHorizon(), NOW))
                .map(Summary::freeBeds)
                .toList();
        return free.isEmpty() ? null : free;
    }

    private static Map<String, Object> freeBeds(CapacityIndicator indicator) {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("number", indicator.getNumber());
        summary.put("for", indicator.getGender() == null ? null : indicator.getGender().getDisplay());
        summary.put("updated", indicator.getUpdated());
        return summary;
    }

    private static boolean is(CodedValue value, String code) {
        return value != null && code.equals(value.getCode());
    }

    /** Counts a Bundle's resources by their kind. */
    private static Map<String, Integer> kinds(Bundle bundle) {
        Map<String, Integer> kinds = new TreeMap<>();
        if (bundle.getAdditionalProperties().get("entry") instanceof List<?> entries) {
            for (Object entry : entries) {
                if (entry instanceof Map<?, ?> one && one.get("resource") instanceof Map<?, ?> resource) {
                    kinds.merge(String.valueOf(resource.get("resourceType")), 1, Integer::sum);
                }
            }
        }
        return kinds;
    }

    private static <T> Map<String, String> byPointer(
            List<T> found, Function<T, String> pointer, Function<T, String> detail) {
        Map<String, String> told = new LinkedHashMap<>();
        found.forEach(one -> told.put(pointer.apply(one), detail.apply(one)));
        return told;
    }
}
