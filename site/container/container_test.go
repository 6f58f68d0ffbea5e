package container

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// TestHandle asks for images, with mistakes too. The site's test compares an image with
// that of the command.
func TestHandle(t *testing.T) {
	program := base64.StdEncoding.EncodeToString([]byte("\x7fELF of a sort"))
	for _, c := range []struct {
		message, want string
	}{
		{`{"id":3,"params":{"bytes":"` + program + `","name":"main","os":"linux","arch":"386","settings":[{"name":"label","values":["a=b"]},{"name":"label","values":["c=d"]}]}}`, ""},
		{`{"id":3,"params":{"bytes":"` + program + `","name":"main","os":"linux","arch":"386","settings":[{"name":"label","values":["a"]}]}}`, "image label"},
		{`{"id":3,"params":{"bytes":"` + program + `","name":"No Name","os":"linux","arch":"386"}}`, "No Name"},
		{`{"id":3,"params":{"bytes":"` + program + `","name":"main","os":"linux","arch":"386","settings":[{"name":"add","values":["x"]}]}}`, "build this image with tasm build"},
		{`{"id":3,"params":{"bytes":"%"}}`, "base64"},
		{`{`, "JSON"},
	} {
		var answer struct {
			ID            int
			Result, Error string
		}
		if err := json.Unmarshal(Handle([]byte(c.message)), &answer); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(answer.Error, c.want) || (answer.Error == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.message, answer.Error, c.want)
		}
		if archive, err := base64.StdEncoding.DecodeString(answer.Result); err != nil || c.want == "" && !strings.Contains(string(archive), "manifest.json") {
			t.Errorf("%s: %d bytes, %v", c.message, len(archive), err)
		}
	}
}
