package rorbridge.peer;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import rorbridge.peer.Searchset.Entry;
import rorbridge.peer.Searchset.Position;
import rorbridge.peer.Searchset.Reference;
import rorbridge.peer.Searchset.Resource;

/** The offers that a search found, nearest first, each with its places. */
public record Found(List<Offer> offers, Integer total) {
    private static final Comparator<Double> NEAREST_FIRST = Comparator.nullsLast(Comparator.naturalOrder());

    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Offer(String reference, String name, Double distanceKm, List<Place> places) {
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Place(String reference, String name, Address address, Position position, Double distanceKm) {
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Address(List<String> lines, String postalCode, String city) {
    }

    static Found in(Searchset page) {
        List<Entry> entries = page.entry() == null ? List.of() : page.entry();
        Map<String, Place> places = new HashMap<>();
        for (Entry one : entries) {
            if ("Location".equals(one.resource().resourceType())) {
                Place place = place(one.resource(), one.distanceKm());
                places.put(place.reference(), place);
            }
        }
        List<Offer> offers = new ArrayList<>();
        for (Entry one : entries) {
            if ("HealthcareService".equals(one.resource().resourceType()) && one.isMatch()) {
                offers.add(offer(one.resource(), places));
            }
        }
        offers.sort(Comparator.comparing(Offer::distanceKm, NEAREST_FIRST));
        return new Found(offers, page.total());
    }

    private static Offer offer(Resource service, Map<String, Place> places) {
        List<Place> own = new ArrayList<>();
        if (service.location() != null) {
            for (Reference one : service.location()) {
                Place place = one.reference() == null ? null : places.get(relative(one.reference()));
                if (place != null) {
                    own.add(place);
                }
            }
        }
        own.sort(Comparator.comparing(Place::distanceKm, NEAREST_FIRST));
        Double nearest = own.isEmpty() ? null : own.get(0).distanceKm();
        return new Offer("HealthcareService/" + service.id(), service.name(), nearest, own);
    }

    private static Place place(Resource location, Double distanceKm) {
        Searchset.Address found = location.address();
        Address address = found == null ? null : new Address(found.line(), found.postalCode(), found.city());
        return new Place("Location/" + location.id(), location.name(), address, location.position(), distanceKm);
    }

    /** Gives type and id of a reference, which may be a whole URL. */
    private static String relative(String reference) {
        int id = reference.lastIndexOf('/');
        return reference.substring(reference.lastIndexOf('/', id - 1) + 1);
    }
}
