package sluice.load;

import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Carries statements of SQL out in a batch session, one an argument, in their order. An argument {@code SET key=value} sets
 * an option of the session.
 */
public final class SqlJob {
    private SqlJob() {}

    public static void main(String[] statements) {
        TableEnvironment session = TableEnvironment.create(EnvironmentSettings.inBatchMode());
        for (String statement : statements) {
            if (statement.startsWith("SET ")) {
                String[] option = statement.substring(4).split("=", 2);
                session.getConfig().set(option[0].trim(), option[1].trim());
            } else {
                session.executeSql(statement);
            }
        }
    }
}
