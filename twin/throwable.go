package twin

import (
	"encoding/binary"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
)

// failureCause is a failure as Flink sends it. Its Java clients read it from the
// serialized form alone.
func failureCause(f adaptive.Failure) *flink.FailureCause {
	return &flink.FailureCause{Class: f.Class, StackTrace: stacktrace(f), SerializedThrowable: serialized(f)}
}

// serialized is a failure as an org.apache.flink.util.SerializedThrowable in the
// stream of Java's ObjectOutputStream, without the exception itself: Flink sends it
// so too if that cannot be serialized.
func serialized(f adaptive.Failure) []byte {
	s := javaStream{0xac, 0xed, 0, 5}
	s.object()
	s.class("org.apache.flink.util.SerializedThrowable", 7284183123441947635)
	s.fields("fullStringifiedStackTrace", "originalErrorClassName")
	s.class("java.lang.Exception", -3387516993124229948)
	s.fields()
	s.class("java.lang.Throwable", -3042686055658047285)
	s.fields("detailMessage")
	s.null() // there is no class above
	s.text(f.String())
	s.text(stacktrace(f))
	s.text(f.Class)
	return s
}

// javaStream is a stream of serialized Java objects.
type javaStream []byte

// The marks of the stream.
const (
	tcNull         = 0x70
	tcClassDesc    = 0x72
	tcObject       = 0x73
	tcString       = 0x74
	tcEndBlockData = 0x78
	serializable   = 0x02
)

func (s *javaStream) object() { *s = append(*s, tcObject) }
func (s *javaStream) null()   { *s = append(*s, tcNull) }

// class begins a class of a version.
func (s *javaStream) class(name string, version int64) {
	*s = append(*s, tcClassDesc)
	s.bytes(name)
	*s = binary.BigEndian.AppendUint64(*s, uint64(version)) //nolint:gosec // its bits
	*s = append(*s, serializable)
}

// fields are those of a class, all of them strings.
func (s *javaStream) fields(names ...string) {
	*s = binary.BigEndian.AppendUint16(*s, uint16(len(names))) //nolint:gosec // a few
	for _, name := range names {
		*s = append(*s, 'L')
		s.bytes(name)
		s.text("Ljava/lang/String;")
	}
	*s = append(*s, tcEndBlockData)
}

// text is a string as an object.
func (s *javaStream) text(text string) {
	*s = append(*s, tcString)
	s.bytes(text)
}

// bytes is a string with its length, as far as that can be told, in Java's form of
// UTF-8, which differs outside of the Basic Multilingual Plane: that is left out.
func (s *javaStream) bytes(text string) {
	const most = 65535
	var encoded []byte
	for _, c := range text {
		if c == 0 || c > 0xffff {
			c = '?'
		}
		if len(encoded)+3 > most {
			break
		}
		encoded = append(encoded, string(c)...)
	}
	*s = binary.BigEndian.AppendUint16(*s, uint16(len(encoded))) //nolint:gosec // bounded above
	*s = append(*s, encoded...)
}
