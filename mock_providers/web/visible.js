// Characters that hide, or turn around what is read, as what can be seen; mock_providers/visible.py names their kinds.
const ACTING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}|[\u{e0000}-\u{e007f}]|(?<![^\x00-\x7f])[\u200c\u200d]/gu;

export const visible = (value) => String(value ?? "").replace(ACTING, (one) => {
  const code = one.codePointAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
});
