package rorbridge.peer;

import org.apache.camel.main.Main;

/** Starts Camel with the routes; the settings are in application.properties. */
public final class Peer {
    private Peer() {
    }

    public static void main(String[] arguments) throws Exception {
        Main main = new Main(Peer.class);
        main.configure().addRoutesBuilder(new Routes());
        System.exit(main.run(arguments));
    }
}
