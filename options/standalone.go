package options

import "time"

// StoreType is the kind of a state store, as the reference names it.
type StoreType string

// The values of [StateStoreType].
const (
	StoreMemory StoreType = "MEMORY"
	StoreJDBC   StoreType = "JDBC"
)

// EventHandlerKind is the kind of an event handler, as the reference names it.
type EventHandlerKind string

// The values of [EventHandlerType].
const (
	EventsLogging EventHandlerKind = "LOGGING"
	EventsJDBC    EventHandlerKind = "JDBC"
)

// Options of the process, named as in the reference's standalone autoscaler.
var (
	ControlLoopInterval = plain(ScopeProcess, standalonePrefix+"control-loop.interval", durations, 10*time.Second,
		"Time from the start of one control loop to the start of the next; > 0. (In the reference it counts from the end.)", "scalingInterval").checked(positiveDuration)
	ControlLoopParallelism = plain(ScopeProcess, standalonePrefix+"control-loop.parallelism", integers, 100,
		"Number of jobs worked on at the same time; ≥ 1.").checked(atLeast(1))
	FlinkClusterHost = plain(ScopeProcess, standalonePrefix+"fetcher.flink-cluster.host", texts, "localhost",
		"Host of Flink's REST address.", "flinkClusterHost")
	FlinkClusterPort = plain(ScopeProcess, standalonePrefix+"fetcher.flink-cluster.port", integers, 8081,
		"Port of Flink's REST address; 1 to 65535.", "flinkClusterPort").checked(within(1, 65535))
	StateStoreType = plain(ScopeProcess, standalonePrefix+"state-store.type", enums(StoreMemory, StoreJDBC), StoreMemory,
		"Where state is kept.")
	EventHandlerType = plain(ScopeProcess, standalonePrefix+"event-handler.type", enums(EventsLogging, EventsJDBC), EventsLogging,
		"Where events go.")
	JDBCURL = unset(ScopeProcess, standalonePrefix+"jdbc.url", texts,
		"Address of the database (`jdbc:…`); required for a JDBC state store or event handler.")
	JDBCUsername = unset(ScopeProcess, standalonePrefix+"jdbc.username", texts,
		"User of the database.")
	JDBCPasswordEnv = plain(ScopeProcess, standalonePrefix+"jdbc.password-env-variable", texts, "JDBC_PWD",
		"Name of the environment variable that holds the password of the database.")
	JDBCEventTTL = plain(ScopeProcess, standalonePrefix+"jdbc.event-handler.ttl", durations, 90*day,
		"Time for which events are kept in the database; 0 = for ever.")
)
