package rorbridge.peer;

import org.apache.camel.main.Main;

/** Starts Camel with the routes of this package; the settings are in application.properties. */
public final class Peer {
    private Peer() {
    }

    public static void main(String[] arguments) throws Exception {
        System.exit(new Main(Peer.class).run(arguments));
    }
}
