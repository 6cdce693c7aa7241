"""The page that goes with every package of the audit."""

README = """\
# 审计包 · Audit package

本包只涉及一件审批，无需服务器和数据库即可核验：

    python3 verify_record.py 本包.zip --key 公钥

每行一条事实：`OK` 成立，`FAIL` 不成立，`NOTE` 为本包无法证明之处。全部成立时退出码为 0，否则为 1。
请勿使用包内的 `verify_record.py` 核验可疑的包：向本单位另行索取该文件与公钥（`pishi audit verifier`、`pishi audit key`），
并核对其 SHA-256。

This package is about one approval and is checked without a server or a database:

    python3 verify_record.py PACKAGE.zip --key PUBLIC_KEY

One line for each fact: `OK` it holds, `FAIL` it does not, `NOTE` what the package cannot show. Exit code 0 when all
hold, else 1. A copy of the verifier is here for convenience; a package that you doubt is checked with a verifier and
a public key that you got another way (`pishi audit verifier`, `pishi audit key`).

| file | 内容 | what it holds |
|---|---|---|
| `entries.json` | 本件的全部审计记录及包含证明；所依据短信的记录 | every entry of the approval with its proof; the entries of the SMS behind it |
| `log.json` | 检查点、签名、一致性证明、公钥 | checkpoints, signatures, consistency proofs, the public key |
| `rows.json` | 请示、决定、步骤与任务 | the request, its decisions, steps and tasks |
| `sms.json` | 提示、来信原文、答复 | what was asked by SMS, what came in, what was answered |
| `manifest.json`, `manifest.sig` | 文件清单及签名 | the list of files, and the signature on it |
| `verify_record.py` | 离线核验程序 | the offline verifier |

由审计记录证明者：每项决定及其内容、时间、渠道；来信原文；记录无缺漏、无改动、无调换。
其余各列（步骤、任务、提示与答复的文字）由清单的签名担保，即导出单位所言。

Proven by the log: each decision with its content, time and channel; the SMS that came in; that nothing is missing,
changed or exchanged. The rest (steps, tasks, the words of prompts and answers) stands under the signature on the
list: it is what the office says.
"""
