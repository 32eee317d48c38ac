package connect

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/sqldb"
)

func TestAddressesAreRead(t *testing.T) {
	server := func(d sqldb.Dialect, address, user, password string) Target {
		return Target{Dialect: d, Server: sqldb.Server{Address: address, Database: "sluice", User: user, Password: sqldb.Secret(password)}}
	}
	verified := server(sqldb.Postgres, "db:5432", "me", "")
	verified.Server.TLS = sqldb.TLS{Mode: sqldb.TLSVerifyFull, CAFile: "/ca.pem", CertFile: "/c.pem", KeyFile: "/k.pem"}
	tuned := server(sqldb.MySQL, "db:3306", "", "")
	tuned.Server.Connections = 3
	tuned.Server.Deadlines = sqldb.Deadlines{Connect: 2 * time.Second, Statement: 500 * time.Millisecond}
	encrypted := server(sqldb.MySQL, "db:3306", "me", "pw")
	encrypted.Server.TLS.Mode = sqldb.TLSRequire
	for address, want := range map[string]Target{
		"sqlite:a/b.db":                                   {Path: "a/b.db"},
		"sqlite:/var/lib/x":                               {Path: "/var/lib/x"},
		"sqlite:///var/lib":                               {Path: "/var/lib"},
		"SQLITE:a b%20c#.db":                              {Path: "a b%20c#.db"},
		"postgres://me:p%40%2F%25w@db/sluice":             server(sqldb.Postgres, "db:5432", "me", "p@/%w"),
		"postgresql://me@[::1]:6543/sluice":               server(sqldb.Postgres, "[::1]:6543", "me", ""),
		"postgres:///sluice?host=/run/postgresql&user=me": server(sqldb.Postgres, "/run/postgresql", "me", ""),
		"postgres://me@db/sluice?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem": verified,
		"mysql://me:pw@db/sluice": server(sqldb.MySQL, "db:3306", "me", "pw"),
		"mariadb://db:1/sluice":   server(sqldb.MySQL, "db:1", "", ""),
		"mysql://db/sluice?connections=3&connect_timeout=2&statement_timeout=500ms":                             tuned,
		"jdbc:postgresql://db:5432/sluice?user=me&password=p%26w":                                               server(sqldb.Postgres, "db:5432", "me", "p&w"),
		"jdbc:mysql://db/sluice?user=me&password=pw&useSSL=true&serverTimezone=UTC&allowPublicKeyRetrieval=yes": encrypted,
		"jdbc:mariadb://db/sluice?user=me&password=pw&sslMode=trust":                                            encrypted,
	} {
		got, ignored, err := Parse(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", address, diff)
		}
		if strings.Contains(address, "Timezone") != slices.Equal(ignored, []string{"allowPublicKeyRetrieval", "serverTimezone"}) {
			t.Errorf("%s: ignored %v", address, ignored)
		}
	}
}

func TestAddressesThatCannotBeReadAreNotQuoted(t *testing.T) {
	for address, want := range map[string]string{
		"":                                   "want sqlite:PATH",
		"/var/lib/x":                         "want sqlite:PATH",
		"sqlite:":                            "want sqlite:PATH",
		"sqlite:a?mode=ro":                   "want sqlite:PATH",
		"jdbc:derby:memory:x":                `"derby" is none that sluice knows`,
		"oracle://u:geheim@db/x":             `"oracle" is none that sluice knows`,
		"postgres://u:geheim@db":             "it names no database",
		"postgres://u:gehe%zzim@db/x":        "it cannot be read",
		"postgres://u:geheim@db:port/x":      "it cannot be read",
		"postgres://u:geheim@a:1,b:2/x":      "one host is wanted",
		"mysql://u:geheim@a,b/x":             "one host is wanted",
		"mysql://u:geheim@db/x?sslmode=very": "sslmode=very: want disable, prefer",
		"mysql://u:geheim@db/x?autocommit=1": "parameter autocommit is not known",
		"mysql://u:geheim@db/x?connections=": "connections: want a number of at least 1",
	} {
		_, _, err := Parse(address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "gehe") {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}
