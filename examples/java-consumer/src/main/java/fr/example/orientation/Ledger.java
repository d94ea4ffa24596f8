package fr.example.orientation;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What was asked and what was answered, in a database: the memory that Kafka's offsets are not.
 *
 * <p>A request is in it before it is published, so one that a crash kept back is published by the next start. A result
 * is in it under its {@code ce_id} before its offset is committed, so one that comes again is known and dropped. Put
 * these two tables into the database that you have, and what you do with a result into the transaction of
 * {@link #keep}.
 */
final class Ledger implements AutoCloseable {

    /** A request of ours: its id, a name to know it by, its JSON. */
    record Request(String id, String name, byte[] data) {}

    private final Connection db;

    Ledger(Path file) throws SQLException {
        db = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (Statement statement = db.createStatement()) {
            statement.execute(
                    """
                    CREATE TABLE IF NOT EXISTS request (
                        id TEXT PRIMARY KEY, name TEXT NOT NULL, data BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0
                    )""");
            statement.execute(
                    """
                    CREATE TABLE IF NOT EXISTS result (
                        event_id TEXT PRIMARY KEY, request_id TEXT NOT NULL REFERENCES request (id),
                        status TEXT NOT NULL, data BLOB NOT NULL
                    )""");
        }
        db.setAutoCommit(false);
    }

    /** Notes a request that is to be published, under an id of its own. */
    void add(String name, byte[] data) throws SQLException {
        try (PreparedStatement insert = db.prepareStatement("INSERT INTO request (id, name, data) VALUES (?, ?, ?)")) {
            insert.setString(1, UUID.randomUUID().toString());
            insert.setString(2, name);
            insert.setBytes(3, data);
            insert.executeUpdate();
        }
        db.commit();
    }

    /** Gives the requests that Kafka has not confirmed yet. */
    List<Request> unsent() throws SQLException {
        return requests("NOT sent");
    }

    /** Notes that Kafka has a request. */
    void markSent(String id) throws SQLException {
        try (PreparedStatement update = db.prepareStatement("UPDATE request SET sent = 1 WHERE id = ?")) {
            update.setString(1, id);
            update.executeUpdate();
        }
        db.commit();
    }

    /** Finds a request by its id; nothing for one that is not ours. */
    Optional<Request> find(String id) throws SQLException {
        return requests("id = ?", id).stream().findFirst();
    }

    /** Gives the requests without a result. */
    List<Request> unanswered() throws SQLException {
        return requests("id NOT IN (SELECT request_id FROM result)");
    }

    /** Keeps a result; false if it is there already. */
    boolean keep(String eventId, String requestId, String status, byte[] data) throws SQLException {
        int kept;
        try (PreparedStatement insert = db.prepareStatement("INSERT OR IGNORE INTO result VALUES (?, ?, ?, ?)")) {
            insert.setString(1, eventId);
            insert.setString(2, requestId);
            insert.setString(3, status);
            insert.setBytes(4, data);
            kept = insert.executeUpdate();
        }
        // Your own work with a new result goes here, into the same transaction.
        db.commit();
        return kept == 1;
    }

    @Override
    public void close() throws SQLException {
        db.close();
    }

    private List<Request> requests(String condition, String... values) throws SQLException {
        List<Request> found = new ArrayList<>();
        try (PreparedStatement select = db.prepareStatement("SELECT id, name, data FROM request WHERE " + condition)) {
            for (int i = 0; i < values.length; i++) {
                select.setString(i + 1, values[i]);
            }
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    found.add(new Request(rows.getString(1), rows.getString(2), rows.getBytes(3)));
                }
            }
        }
        db.commit(); // reading opened a transaction too
        return found;
    }
}
