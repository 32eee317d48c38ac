package sluice.client;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.rest.FileUpload;
import org.apache.flink.runtime.rest.RestClient;
import org.apache.flink.runtime.rest.messages.EmptyRequestBody;
import org.apache.flink.runtime.rest.messages.MessageHeaders;
import org.apache.flink.runtime.rest.messages.MessageParameter;
import org.apache.flink.runtime.rest.messages.MessageParameters;
import org.apache.flink.runtime.rest.messages.RequestBody;
import org.apache.flink.runtime.rest.messages.ResponseBody;
import org.apache.flink.runtime.rest.util.RestMapperUtils;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Every request that Flink has a class for. {"headers": "?"} lists the classes; {"headers": NAME, "path": {...}, "query":
 * {...}, "body": {...}, "files": [...]} sends such a request, parses the answer as Flink's client does, and gives back what
 * was understood, as JSON.
 */
final class Headers implements AutoCloseable {
    private static final ObjectMapper FLINK = RestMapperUtils.getStrictObjectMapper();

    private final String host;
    private final int port;
    private final ExecutorService threads = Executors.newFixedThreadPool(2);
    private final RestClient client;
    private final TreeMap<String, MessageHeaders<?, ?, ?>> known = new TreeMap<>();

    Headers(String host, int port) throws Exception {
        this.host = host;
        this.port = port;
        client = new RestClient(new Configuration(), threads);
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            String name = new File(entry).getName();
            if (name.startsWith("flink-runtime-") && name.endsWith(".jar")) {
                find(entry);
            }
        }
    }

    /** Finds the classes of requests in a jar. */
    private void find(String jar) throws IOException, ReflectiveOperationException {
        List<String> names = new ArrayList<>();
        try (JarFile file = new JarFile(jar)) {
            for (JarEntry entry : Collections.list(file.entries())) {
                if (entry.getName().endsWith("Headers.class")) {
                    names.add(entry.getName().replace('/', '.').replaceAll("\\.class$", ""));
                }
            }
        }
        for (String name : names) {
            Class<?> type = Class.forName(name, false, Headers.class.getClassLoader());
            if (MessageHeaders.class.isAssignableFrom(type) && !Modifier.isAbstract(type.getModifiers()) && !type.isInterface()) {
                known.put(type.getSimpleName(), (MessageHeaders<?, ?, ?>) instance(type));
            }
        }
    }

    private static Object instance(Class<?> type) throws ReflectiveOperationException {
        try {
            return type.getMethod("getInstance").invoke(null);
        } catch (NoSuchMethodException e) {
            Constructor<?> made = type.getDeclaredConstructor();
            made.setAccessible(true);
            return made.newInstance();
        }
    }

    JsonNode answer(JsonNode question) throws Exception {
        String name = question.get("headers").asText();
        if (name.equals("?")) {
            return list();
        }
        MessageHeaders<?, ?, ?> headers = known.get(name);
        if (headers == null) {
            throw new IllegalArgumentException("this release has no class " + name);
        }
        return send(headers, question);
    }

    private JsonNode list() {
        ArrayNode all = Ask.JSON.createArrayNode();
        known.forEach((name, headers) -> {
            ObjectNode one = all.addObject();
            one.put("name", name);
            one.put("method", headers.getHttpMethod().toString());
            one.put("path", headers.getTargetRestEndpointURL());
            ArrayNode query = one.putArray("query");
            headers.getUnresolvedMessageParameters().getQueryParameters().forEach(p -> query.add(p.getKey()));
        });
        return all;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private JsonNode send(MessageHeaders headers, JsonNode question) throws Exception {
        MessageParameters parameters = headers.getUnresolvedMessageParameters();
        parameters.getPathParameters().forEach(p -> resolve(p, question.path("path")));
        parameters.getQueryParameters().forEach(p -> resolve(p, question.path("query")));
        RequestBody body = EmptyRequestBody.getInstance();
        if (headers.getRequestClass() != EmptyRequestBody.class) {
            body = (RequestBody) FLINK.treeToValue(question.path("body"), headers.getRequestClass());
        }
        List<FileUpload> files = new ArrayList<>();
        for (JsonNode file : question.path("files")) {
            files.add(new FileUpload(Path.of(file.asText()), "application/java-archive"));
        }
        ResponseBody answer =
                (ResponseBody) client.sendRequest(host, port, headers, parameters, body, files).get(30, TimeUnit.SECONDS);
        return FLINK.valueToTree(answer);
    }

    private static void resolve(MessageParameter<?> parameter, JsonNode values) {
        JsonNode value = values.get(parameter.getKey());
        if (value == null) {
            return;
        }
        try {
            parameter.resolveFromString(value.asText());
        } catch (Exception e) {
            throw new IllegalArgumentException(parameter.getKey() + " cannot be " + value, e);
        }
    }

    @Override
    public void close() throws Exception {
        client.closeAsync().get(5, TimeUnit.SECONDS);
        threads.shutdownNow();
    }
}
