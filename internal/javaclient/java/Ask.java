package sluice.client;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.flink.runtime.rest.util.RestClientException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Puts questions to a cluster with Flink's own REST client: one question a line comes in, one answer a line goes out, both
 * in JSON. An answer is {"answer": ...} or {"failure": {...}}.
 */
public final class Ask {
    static final ObjectMapper JSON = new ObjectMapper();

    /** Answers one kind of question. */
    interface Answerer {
        JsonNode answer(JsonNode question) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        String host = args[0];
        int port = Integer.parseInt(args[1]);
        try (Headers headers = new Headers(host, port);
                Cluster cluster = new Cluster(host, port)) {
            serve(question -> question.has("headers") ? headers.answer(question) : cluster.answer(question));
        }
        System.exit(0); // threads of the client may linger
    }

    static void serve(Answerer answerer) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode said = JSON.createObjectNode();
            try {
                said.set("answer", answerer.answer(JSON.readTree(line)));
            } catch (Throwable t) {
                said.set("failure", describe(t));
            }
            out.println(JSON.writeValueAsString(said));
        }
    }

    /** The causes of a failure, outermost first, and the HTTP status if one of them has it; 0 for none. */
    private static JsonNode describe(Throwable t) {
        ObjectNode failure = JSON.createObjectNode();
        failure.put("status", 0);
        for (Throwable cause = t; cause != null; cause = cause.getCause()) {
            failure.withArray("causes").add(cause.getClass().getName() + ": " + cause.getMessage());
            if (cause instanceof RestClientException) {
                failure.put("status", ((RestClientException) cause).getHttpResponseStatus().code());
            }
        }
        return failure;
    }
}
