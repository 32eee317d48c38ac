package options

import (
	"regexp"
	"strings"
)

const masked = "***"

// flinkMask is what Flink's REST API shows in place of a secret.
const flinkMask = "******"

// secretWords mark a key as holding a secret if it contains one of them, in
// any case: Flink's list, and a few more.
var secretWords = []string{
	"password", "secret", "fs.azure.account.key", "apikey", "api-key", "auth-params", "service-key", "token",
	"basic-auth", "jaas.config", "http-headers",
	"passwd", "credential", "private-key", "access-key", "accesskey",
}

// Mask returns the value as it may be printed: *** for a key that looks like
// a secret, and passwords inside addresses cut out. The options of this
// package hold none: where a key of theirs speaks of a password it names a
// file or a variable.
func Mask(key, value string) string {
	if value == "" {
		return value
	}
	if strings.HasPrefix(key, webhookPrefix) {
		return maskWebhook(key, value)
	}
	if _, ours := byKey[key]; !ours && looksSecret(key) {
		return masked
	}
	return maskInside(value)
}

func looksSecret(key string) bool {
	lower := strings.ToLower(key)
	for _, word := range secretWords {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

var (
	// userInfo is the "user:password@" of an address. It rather takes too much
	// than leave the end of a password with an unescaped character.
	userInfo = regexp.MustCompile(`(://[^/?#\s:@]*):\S*@`)
	// passwordParam is "password=…" in the parameters of an address.
	passwordParam = regexp.MustCompile(`(?i)([?&;](?:[a-z]*password|passwd|pwd|[a-z_-]*token|[a-z_-]*secret)=)[^&;\s]*`)
)

// maskInside cuts passwords out of what looks like an address.
func maskInside(value string) string {
	if !strings.Contains(value, ":") {
		return value
	}
	return passwordParam.ReplaceAllString(userInfo.ReplaceAllString(value, "${1}:"+masked+"@"), "${1}"+masked)
}
