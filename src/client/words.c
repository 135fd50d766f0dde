/* SPDX-License-Identifier: ISC */
#include "client/words.h"

#include <string.h>
#include <strings.h>

static const char *const table[WORDS_COUNT][WORDS_LANGUAGES] = {
	[WORD_VISITOR] = {"visitor", "访客"},
	[WORD_RELAY] = {"relay", "中继"},
	[WORD_AGENT] = {"agent", "代理"},
	[WORD_TARGET] = {"target", "目标"},
	[WORD_THIS_MACHINE] = {"this machine", "本机"},
	[WORD_ANY_PROGRAM] = {"any program", "任意程序"},
	[WORD_THIS_COMMAND] = {"this command", "本命令"},
	[WORD_DIALS_PORT] = {"dials port {1}", "连接端口 {1}"},
	[WORD_DIALS_PATH] = {"opens {1}", "打开 {1}"},
	[WORD_LISTENS_PORT] = {"listens on port {1}", "监听端口 {1}"},
	[WORD_LISTENS_PATH] = {"listens on {1}", "监听 {1}"},
	[WORD_LISTENS_CHOSEN] = {"listens on a port it chooses", "监听自选端口"},
	[WORD_PORT] = {"port {1}", "端口 {1}"},
	[WORD_SOCKET] = {"socket {1}", "套接字 {1}"},
	[WORD_SAID_BY_VISITOR] = {"named by the visitor", "由访客指定"},
	[WORD_BY_SOCKS] = {"by SOCKS", "经 SOCKS"},
	[WORD_NETWORK_HERE] = {"network here", "本地网络"},
	[WORD_NETWORK_THERE] = {"network there", "对端网络"},
	[WORD_ANY_DEVICE] = {"a free device", "任一空闲设备"},
	[WORD_STDIO] = {"its input and output", "其标准输入输出"},

	[WORD_LISTENS] = {"Listens", "监听"},
	[WORD_CONNECTS] = {"Connects", "连接"},
	[WORD_ENCRYPTED] = {"Encrypted", "加密"},
	[WORD_TYPE] = {"Visitor types", "访客输入"},
	[WORD_DECIDES] = {"Decided by", "取决于"},
	[WORD_THROUGH] = {"{1}  through {2}, port {3}", "{1}  经由 {2}，端口 {3}"},

	[WORD_RELAY_LOOPBACK] = {"The relay, on {1} of its loopback addresses only, unless its "
				 "GatewayPorts is 'yes': 'localhost' is asked for when no address "
				 "stands before the port. For visitors from elsewhere write '*:' in "
				 "front.",
		"中继，{1}，只在它的回环地址上，除非它的 GatewayPorts 为 yes：端口前不写地址就等于 "
		"localhost。要让别处的访客进来，请在前面写上 '*:'。"},
	[WORD_RELAY_WILD] = {"The relay, on {1} of all its addresses, if its GatewayPorts is "
			     "'clientspecified' or 'yes'. With 'no', the default, on loopback only, and "
			     "OpenSSH's sshd does not say so.",
		"中继，{1}，在它的所有地址上，前提是它的 GatewayPorts 为 clientspecified 或 yes。默认值 "
		"no 时只在回环地址上，而 OpenSSH 的 sshd 不会告诉你。"},
	[WORD_RELAY_ADDRESS] = {"The relay, on {1} of its address {2}, if its GatewayPorts is "
				"'clientspecified'. With 'yes' on all its addresses, with 'no', the "
				"default, on loopback only.",
		"中继，{1}，在它的地址 {2} 上，前提是它的 GatewayPorts 为 clientspecified。为 yes 时在所有"
		"地址上，默认值 no 时只在回环地址上。"},
	[WORD_RELAY_PATH] = {"The relay, on the Unix socket {1}, for programs that run there.",
		"中继，在 Unix 套接字 {1} 上，供中继上的程序使用。"},
	[WORD_RELAY_CHOOSES] = {"The relay chooses the port; sally prints it when it is open.",
		"端口由中继选择；打开后 sally 会显示出来。"},
	[WORD_RELAY_LOW] = {"Ports below 1024 are privileged: OpenSSH's sshd gives {1} to root only, "
			    "sallyd to keys whose permitlisten or PermitListen names it.",
		"1024 以下是特权端口：OpenSSH 的 sshd 只把 {1} 给 root，sallyd 只给 permitlisten 或 "
		"PermitListen 中写明的密钥。"},
	[WORD_AGENT_LOOPBACK] = {"This machine, on {1} of its loopback addresses only. For visitors from "
				 "elsewhere write '*:' in front, or -g.",
		"本机，{1}，只在回环地址上。要让别处的访客进来，请在前面写上 '*:'，或用 -g。"},
	[WORD_AGENT_WILD] = {"This machine, on {1} of all its addresses: whoever reaches this machine "
			     "gets through.",
		"本机，{1}，在所有地址上：能到达本机的人都能通过。"},
	[WORD_AGENT_ADDRESS] = {"This machine, on {1} of its address {2}.",
		"本机，{1}，在它的地址 {2} 上。"},
	[WORD_AGENT_PATH] = {"This machine, on the Unix socket {1}.", "本机，在 Unix 套接字 {1} 上。"},
	[WORD_DEVICE_HERE] = {"Nobody: no port is opened. What this machine routes to its device {1} comes out "
			      "of the relay's. {1} gets {2}.",
		"无人监听：不打开任何端口。本机路由到设备 {1} 的数据包会从中继的设备出来。{1} 将得到 {2}。"},
	[WORD_DEVICE_PLAIN] = {"Nobody: no port is opened. What this machine routes to its device {1} comes out "
			       "of the relay's. {1} gets no address unless TunnelAddress names one or the "
			       "relay offers one.",
		"无人监听：不打开任何端口。本机路由到设备 {1} 的数据包会从中继的设备出来。除非用 "
		"TunnelAddress 指定或由中继提供，{1} 没有地址。"},
	[WORD_DEVICE_THERE] = {"The relay's device is {1}.", "中继的设备是 {1}。"},
	[WORD_DEVICE_CHOSEN] = {"The relay takes a device that is free.", "中继使用一个空闲的设备。"},
	[WORD_NOBODY_LISTENS] = {"Nobody: this command's own input and output are the one visitor.",
		"无人监听：本命令的标准输入输出就是唯一的访客。"},

	[WORD_AGENT_DIALS] = {"This machine dials {1} port {2}, from inside: nobody has to be able to "
			      "reach it, and no port is opened on it.",
		"本机由内向外拨通 {1} 的端口 {2}：不需要任何人能拨通本机，也不在本机打开供外部拨入的端口。"},
	[WORD_AGENT_LOGS_IN] = {"This machine dials {1} port {2}.", "本机连接 {1} 的端口 {2}。"},
	[WORD_VIA_JUMP] = {"It gets there through the jump host {1}: a connection of its own to there, "
			   "and the one to the relay inside of it.",
		"途中经过跳板机 {1}：先与它建立单独的连接，到中继的连接在其内部。"},
	[WORD_VIA_COMMAND] = {"The way there is made by a command (ProxyCommand).",
		"到那里的通路由命令 (ProxyCommand) 建立。"},
	[WORD_AGENT_TO] = {"For each visitor this machine dials {1}, looked up from here.",
		"每来一位访客，本机就连接 {1}，名称在本机解析。"},
	[WORD_AGENT_TO_SELF] = {"For each visitor this machine dials {1}: that is this machine itself, "
				"not the relay.",
		"每来一位访客，本机就连接 {1}：指的是本机自己，不是中继。"},
	[WORD_AGENT_TO_SOCKS] = {"For each visitor this machine dials what the visitor names by SOCKS: "
				 "all that this machine can reach. PermitRemoteOpen limits it.",
		"每来一位访客，本机就连接访客用 SOCKS 指定的地址：即本机能到达的一切。可用 "
		"PermitRemoteOpen 限制。"},
	[WORD_RELAY_TO] = {"For each visitor the relay dials {1}, looked up from there.",
		"每来一位访客，中继就连接 {1}，名称在中继上解析。"},
	[WORD_RELAY_TO_SELF] = {"For each visitor the relay dials {1}: that is the relay itself, not "
				"this machine.",
		"每来一位访客，中继就连接 {1}：指的是中继自己，不是本机。"},
	[WORD_RELAY_TO_SOCKS] = {"For each visitor the relay dials what the visitor names by SOCKS.",
		"每来一位访客，中继就连接访客用 SOCKS 指定的地址。"},

	[WORD_ENCRYPTED_BETWEEN] = {"Between agent and relay, by SSH. Before and after that the bytes "
				    "are as visitor and target make them.",
		"代理与中继之间由 SSH 加密。在此之前和之后，字节就是访客与目标所产生的样子。"},

	[WORD_TYPE_ON_RELAY] = {"on the relay: {1}", "在中继上：{1}"},
	[WORD_TYPE_ANYWHERE] = {"anywhere: {1}", "在任何地方：{1}"},
	[WORD_TYPE_HERE] = {"on this machine: {1}", "在本机：{1}"},
	[WORD_TYPE_NEAR] = {"where this machine can be reached: {1}", "在能到达本机的地方：{1}"},
	[WORD_TYPE_PORT_LATER] = {"PORT is the one that the relay chooses.", "PORT 是中继所选的端口。"},

	[WORD_TYPE_ADDRESSES] = {"when both devices have addresses, with any program: ping, ssh, curl. See "
				 "ip addr show {1}.",
		"两端设备都有地址后，可用任何程序：ping、ssh、curl。见 ip addr show {1}。"},
	[WORD_DECIDES_TUNNEL] = {"on the relay: PermitTunnel (does it tunnel at all, and which kind) and "
				 "tunnel= of the key; here: the right to make devices, which root has; on "
				 "both: routes, and net.ipv4.ip_forward for what lies behind.",
		"中继上的 PermitTunnel（是否允许隧道、哪一种）和密钥的 tunnel=；本机创建设备的权限（root "
		"拥有）；两端的路由，以及通往后方网络的 net.ipv4.ip_forward。"},
	[WORD_DECIDES_REMOTE] = {"on the relay: AllowTcpForwarding (does it forward at all), PermitListen "
				 "and permitlisten= of the key (which ports), GatewayPorts (which "
				 "addresses), and a firewall in front of it.",
		"中继上的 AllowTcpForwarding（是否转发）、PermitListen 和密钥的 permitlisten=（哪些端口）、"
		"GatewayPorts（哪些地址），以及它前面的防火墙。"},
	[WORD_DECIDES_REMOTE_PATH] = {"on the relay: AllowStreamLocalForwarding, and the rights of the "
				      "folder the socket is in.",
		"中继上的 AllowStreamLocalForwarding，以及套接字所在目录的权限。"},
	[WORD_DECIDES_LOCAL] = {"here: GatewayPorts and -g (which addresses); on the relay: "
				"AllowTcpForwarding, PermitOpen and permitopen= of the key (which "
				"targets).",
		"本机的 GatewayPorts 和 -g（哪些地址）；中继上的 AllowTcpForwarding、PermitOpen 和密钥的 "
		"permitopen=（哪些目标）。"},
	[WORD_DECIDES_LOCAL_PATH] = {"on the relay: AllowStreamLocalForwarding, and the rights of the "
				     "target's socket.",
		"中继上的 AllowStreamLocalForwarding，以及目标套接字的权限。"},
	[WORD_DECIDES_STDIO] = {"on the relay: AllowTcpForwarding, PermitOpen and permitopen= of the key "
				"(which targets).",
		"中继上的 AllowTcpForwarding、PermitOpen 和密钥的 permitopen=（哪些目标）。"},
	[WORD_NOTHING_ASKED] = {"No forward is asked for: sally would log in to {1}, port {2}, and stay. "
				"Add -R, -L, -D, -W or -w.",
		"没有要求任何转发：sally 只会登录 {1} 的端口 {2} 并停在那里。请加上 -R、-L、-D、-W 或 -w。"},
};

/* The variable that decides on a category, in POSIX's order. */
static const char *locale_of(const char *(*env)(const char *name), const char *category)
{
	const char *const names[] = {"LC_ALL", category, "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = env(names[i]);

		if (value != NULL && value[0] != '\0')
			return value;
	}
	return "C";
}

bool words_is_utf8(const char *(*env)(const char *name))
{
	const char *charset = strchr(locale_of(env, "LC_CTYPE"), '.');

	return charset != NULL &&
		(strncasecmp(charset, ".UTF-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0);
}

enum words_language words_language(const char *(*env)(const char *name))
{
	const char *locale = locale_of(env, "LC_MESSAGES");

	if (strncmp(locale, "zh", 2) == 0 && words_is_utf8(env))
		return WORDS_CHINESE;
	return WORDS_ENGLISH;
}

const char *words(enum words_language language, enum word word)
{
	return table[word][language];
}

const char *words_fill(char *out, size_t cap, enum words_language language, enum word word,
	const char *const *values)
{
	size_t len = 0;

	for (const char *s = table[word][language]; *s != '\0' && len + 1 < cap;) {
		if (s[0] == '{' && s[1] >= '1' && s[1] <= '9' && s[2] == '}') {
			const char *value = values[s[1] - '1'];
			size_t n = strnlen(value, cap - 1 - len);

			memcpy(out + len, value, n);
			len += n;
			s += 3;
		} else {
			out[len++] = *s++;
		}
	}
	out[len] = '\0';
	return out;
}
