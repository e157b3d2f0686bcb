//! DER as a tree that can be changed anywhere and written again with right lengths.

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) tag: u8,
    pub(crate) body: Body,
    /// The length is written with a byte more than it needs, which isn't DER.
    pub(crate) long_length: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    Nodes(Vec<Node>),
}

impl Node {
    /// One element that fills all of `bytes`.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut nodes = parse_all(bytes)?;
        (nodes.len() == 1).then(|| nodes.remove(0))
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let body = match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Nodes(nodes) => nodes.iter().flat_map(Self::to_vec).collect(),
        };
        let mut length: Vec<u8> = body.len().to_be_bytes().to_vec();
        while length.len() > 1 && length[0] == 0 {
            length.remove(0);
        }
        let short = length.len() == 1 && length[0] < 0x80;
        if self.long_length && !short {
            length.insert(0, 0);
        }
        let mut out = vec![self.tag];
        if !short || self.long_length {
            out.push(0x80 | length.len() as u8);
        }
        [out, length, body].concat()
    }

    pub(crate) fn children(&mut self) -> &mut Vec<Self> {
        match &mut self.body {
            Body::Nodes(nodes) => nodes,
            Body::Bytes(_) => panic!("an element without elements"),
        }
    }

    /// How many elements there are in all, this one among them.
    pub(crate) fn count(&self) -> usize {
        match &self.body {
            Body::Nodes(nodes) => 1 + nodes.iter().map(Self::count).sum::<usize>(),
            Body::Bytes(_) => 1,
        }
    }

    /// Calls `f` with the list that has the element number `n` below this one, and its place there.
    pub(crate) fn at(&mut self, n: usize, f: &mut impl FnMut(&mut Vec<Self>, usize)) {
        let Body::Nodes(nodes) = &mut self.body else {
            return;
        };
        let mut left = n;
        for i in 0..nodes.len() {
            if left == 0 {
                return f(nodes, i);
            }
            let count = nodes[i].count();
            if left < count {
                return nodes[i].at(left - 1, f);
            }
            left -= count;
        }
    }
}

fn parse_all(mut bytes: &[u8]) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while let Some((&tag, rest)) = bytes.split_first() {
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first & 0x80 != 0 {
            let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            length = digits
                .iter()
                .fold(0, |n, digit| n << 8 | usize::from(*digit));
            rest = after;
        }
        let (body, after) = rest.split_at_checked(length)?;
        bytes = after;
        // An OCTET STRING has DER in it where an extension's value is.
        let inner = match tag {
            0x04 => parse_all(body).filter(|nodes| !nodes.is_empty()),
            _ if tag & 0x20 != 0 => parse_all(body),
            _ => None,
        };
        nodes.push(Node {
            tag,
            body: inner.map_or_else(|| Body::Bytes(body.to_vec()), Body::Nodes),
            long_length: false,
        });
    }
    Some(nodes)
}
