package sluice.load;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;

/** The job's arguments ({@code --name value}), with whatever the control file says at the moment laid over them. */
public final class Options implements Serializable {
    private final HashMap<String, String> given = new HashMap<>();

    public static Options parse(String[] args) {
        Options o = new Options();
        if (args.length % 2 != 0) throw new IllegalArgumentException("arguments come in pairs: --name value");
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--")) throw new IllegalArgumentException("not an option: " + args[i]);
            o.given.put(args[i].substring(2), args[i + 1]);
        }
        return o;
    }

    public boolean has(String name) { return given.containsKey(name); }
    public String text(String name, String otherwise) { return given.getOrDefault(name, otherwise); }
    public int number(String name, int otherwise) { return has(name) ? Integer.parseInt(given.get(name)) : otherwise; }
    public boolean flag(String name) { return Boolean.parseBoolean(given.get(name)); }

    /** The value at this moment: the control file's, else the argument's. */
    public double live(String name, double otherwise) {
        String v = now().getOrDefault(name, given.get(name));
        return v == null ? otherwise : Double.parseDouble(v);
    }

    public String liveText(String name, String otherwise) {
        String v = now().getOrDefault(name, given.get(name));
        return v == null ? otherwise : v;
    }

    public boolean liveFlag(String name) {
        return Boolean.parseBoolean(now().getOrDefault(name, given.get(name)));
    }

    private Map<String, String> now() {
        return has("control-file") ? Control.read(given.get("control-file")) : Map.of();
    }
}
