"""Seven kinds of articles for reading comprehension, all about invented things.

An article is a list of sentences whose slots `{name}` or `{name:particle}` are filled once per article, and questions about
those slots. A sentence that begins with `^` speaks of the one before it and goes where that goes. `BANKS` holds what may fill a
slot; `<2-40>` in a filler stands for a number. A slot that is no name of a bank has one after `=`, in the article's `slots` line.
Lines that begin with `!` ask what no sentence of the article tells.
"""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A kind of article.

    Attributes:
        banks: slot -> bank.
        sentences: in reading order; the first always stands.
        questions: slot -> ways to ask for it.
        never: questions that no sentence answers.
    """

    banks: dict[str, str]
    sentences: list[str]
    questions: dict[str, list[str]]
    never: list[str]


BANKS: dict[str, list[str]] = {
    name: text.split("|")
    for name, text in {
        "province": (
            "강원도 평창|경북 안동|전남 구례|충북 단양|경남 하동|전북 무주|충남 부여|제주 서귀포|경기도 양평|강원도 영월|전남 강진|경북 영양|충북 괴산|경남 남해"
        ),
        "city": "춘천|목포|통영|군산|강릉|여수|전주|안동|포항|제주|순천|충주|공주|속초|밀양|원주|거제|경주",
        "port": "목포|통영|여수|군산|포항|강릉|속초|거제|완도|사천|보령|태안",
        "country": "핀란드|일본|독일|프랑스|베트남|몽골|캐나다|이탈리아|포르투갈|네덜란드|스웨덴|칠레",
        "village": (
            "달무리마을|솔개골|물안골마을|갈대섬마을|구름재마을|여우고개마을|돌다리마을|은어골|볕바른마을|가재울마을|안개실|꽃뫼마을|두루미골|"
            "너른벌마을|대숲마을|바람재마을|밤나무골|샘밭마을|두물머리골|해송마을|감꽃마을|느티마을|억새골|물레마을|반딧불마을|참새골|머루골|하늘재마을|봉숭아마을|옹달샘마을|탱자골|오동마을|옥돌마을|가람골"
        ),
        "stream": "은빛천|물돌이천|가재천|버들내|새벽천|솔여울|모래내|굽이천|달내|갈대천",
        "past": "<1710-1890>년|<1801-1899>년",
        "year": "<1921-2015>년|<1955-2015>년|<1961-2019>년",
        "late": "<1996-2022>년|<2001-2022>년",
        "families": "세 집|다섯 집|일곱 집|열두 집|네 집|여덟 집",
        "origin": (
            "솔개를 닮은 바위|달빛에 하얗게 빛나는 언덕|마을을 감싸 도는 물길|옛 절터의 돌탑|봄마다 피는 산벚꽃|우물 속에 비친 별|"
            "고개를 넘던 여우 이야기|아침마다 피어오르는 안개"
        ),
        "population": "<31-98>명|<110-480>명|<102-390>명",
        "crop": "고추|감자|더덕|사과|메밀|오미자|마늘|배추|포도|콩|녹차|고구마",
        "tree": "느티나무|은행나무|팽나무|소나무|회화나무|왕버들",
        "treeage": "<200-700/10>년|<300-800/50>년",
        "feastday": "정월 대보름|단오|음력 9월 9일|<5-11>월 <1-28>일|추석 다음 날|하지",
        "food": "시루떡|메밀묵|팥죽|수수부꾸미|두부|쑥떡|감자전|산나물밥|동동주|닭국수",
        "bridge": "무지개다리|섶다리|돌징검다리|나무다리|출렁다리|쌍둥이다리",
        "minutes": "<10-50/5>분|<12-28>분",
        "reuse": "도예 공방|작은 도서관|야영장|천문대|그림책 박물관|농기구 전시관|음악 연습실|찻집",
        "person": (
            "강하람|윤도담|서새봄|류다온|조슬찬|한가온|임보람|오예솔|신미르|권은솔|황태오|안로운|송주하|홍해솔|남궁아람|정이든|박초롱|최단비|"
            "이라온|김시루|장지음|문여울|배산들|노별하|고윤슬|심온유|백하늬|유두레|전소담|구벼리|강찬들|윤시루|서나래|류결|조아라|한별하|임누리|오산들|신도담|권보람|황여울|안예솔|송미르|홍지음|남궁솔|정해솔|박은솔|최태오|이주하|김로운|장이든|문초롱|배단비|노라온|고하람|심새봄|백슬찬|유가온|전다온|구온유"
        ),
        "paper": "한 달에 한 번|계절마다 한 번|보름마다|일주일에 한 번|두 달에 한 번",
        "snow": "<30-90/5>cm|<1-2>미터|무릎 높이|지붕 아래",
        "station": "솔재역|갈매역|은하역|새터역|물머리역|봉우리역|나루역|억새역",
        "buses": "두 번|세 번|네 번|다섯 번|일곱 번|<6-12>번",
        "treasure": "옛 농사 일기|나무로 깎은 사자탈|놋쇠 징|마을 지도|상여|오래된 베틀|대장간 풀무|돌절구",
        "festival": (
            "물안개 축제|종이배 축제|억새 걷기 축제|밤바다 등불제|메밀꽃 잔치|겨울 얼음 축제|허수아비 축제|은어 축제|솟대 축제|북소리 축제|"
            "연날리기 축제|고래 노래 축제|별밤 축제|대나무 축제|굴렁쇠 축제|도자기 마당|두부 축제|다듬이 소리 축제|짚신 걷기 축제|갯벌 잔치|모닥불 축제|옛 편지 축제|소금 축제|수박 배 축제|돌탑 축제|나룻배 축제|봄나물 잔치|감 익는 축제|단오 그네 축제|첫눈 축제"
        ),
        "month": "1월|2월|3월|4월|5월|6월|8월|9월|10월|11월|12월|음력 정월|5월 첫째 주|10월 셋째 주",
        "smallcrowd": "<40-95>명|<110-480>명|<120-390/10>여 명",
        "bigcrowd": "<2-9>만 명|<12-48>만 명|<3-9>만 <1-9>천 명|<1-2>만 <2-9>천여 명",
        "event": "종이배 경주|밤길 걷기|떡메 치기 겨루기|연싸움|굴렁쇠 달리기|탈춤 겨루기|뗏목 경주|줄다리기|소리 겨루기|허수아비 만들기|얼음낚시 겨루기",
        "clothes": "흰 두루마기|색동저고리|짚신과 삿갓|파란 조끼|종이로 만든 탈|초록 앞치마|노란 두건",
        "distance": "<2-12>킬로미터|<3-15>km|<500-900/100>미터",
        "prize": "황금 돼지 한 마리|쌀 열 가마|은으로 만든 물고기|송아지 한 마리|나무 북|상금 <100-900/100>만 원|백자 항아리|금빛 노",
        "times": "세 번|네 번|다섯 번|여섯 번|일곱 번|<8-13>번",
        "reason": "태풍|가뭄|큰 홍수|폭설|전염병|산불|구제역",
        "price": "<3-9>천 원|<1-2>만 원|<2-9>,500원|<1-2>만 <2-8>천 원",
        "childage": "<5-13>세|<6-12>살",
        "group": "청년회|상인회|부녀회|어촌계|문화원|학부모 모임|농악대|산악회",
        "helpers": "<20-90>명|<120-380/10>명|백여 명",
        "float": "종이 등|연꽃 등불|짚으로 엮은 배|소원 쪽지|나뭇잎 배|촛불을 담은 조롱박",
        "birth": "<1901-1928>년",
        "debut": "<1949-1960>년",
        "abroad": "<1961-1972>년",
        "awardyear": "<1973-1989>년",
        "job": "지도 제작자|도예가|식물학자|작곡가|동화 작가|천문학자|시계 기술자|건축가|사진가|나비 연구가|목수|활자 디자이너",
        "parentjob": "어부|대장장이|역무원|국수 장수|등대지기|한의사|재봉사|우체부|뱃사공|염색공|초등학교 교사|방앗간 주인",
        "youngage": "열두 살|열네 살|열다섯 살|열일곱 살|스무 살|<13-22>세",
        "school": "솔바람공업학교|별빛대학교|나루예술학교|도래샘사범학교|한여울대학교|푸른섬농업학교",
        "subject": "측량|식물 분류|화성학|목공|물리학|천체 관측|건축 제도|인쇄술|판화|염색",
        "advice": (
            "서두르면 두 번 일한다|눈보다 발로 먼저 보라|모르면 적어 두어라|틀린 것부터 고쳐라|작은 것을 오래 보라|손이 기억할 때까지 하라|답보다 물음을 모아라"
        ),
        "span": "<3-24>년|십 년|<5-19>년",
        "workplace": "국립 지도 연구소|바다 기상대|물푸레 목공소|새벽 인쇄소|달빛천문대|수목원|나루 박물관|시립 극장|철도 공방",
        "book": "강의 이름들|작은 별의 지도|나무가 걷는 길|소금과 바람|물 위의 글자|밤의 온도|모퉁이의 빛|잎맥의 노래|돌을 읽는 법|겨울 정거장",
        "sold": "<2-9>천 부|<1-9>만 부|<10-40>만 부|<2-9>만 <2-9>천 부",
        "masterpiece": "물시계|유리 온실|열두 폭 지도|바람 오르간|나무 인형극|별자리 도감|떠 있는 무대|종이 등대",
        "award": "물푸레상|은하학술상|새벽예술상|갈매나무상|온누리 공로상|나침반상",
        "children": "딸 하나|아들 둘|딸 셋|쌍둥이 형제|두 딸|외아들|삼 남매",
        "hobby": "연 만들기|낚시|우표 모으기|산새 소리 적기|바둑|하모니카 불기|버섯 말리기|옛 자전거 고치기",
        "drink": "보리차|생강차|식은 숭늉|박하차|미지근한 우유|모과차|쓴 커피",
        "museum": "나루 박물관|시립 향토관|솔재 기념관|바닷가 작은 미술관|대학 도서관|옛 역사 전시실",
        "company": (
            "누리봄전자|달무리식품|솔가지가구|윤슬조선|꽃샘화장품|볕뉘에너지|두루미상사|참나무완구|새벽달제과|물푸레통신|나루터서점|한들바람여행사|"
            "구름다리게임즈|여울목해운|온새미건설|별무늬필름|도담제약|미리내항공|푸른등대식품|고래실업|은방울악기|한뼘문구|오솔길신발|다리미산업|함박눈제빙|보름달제분|참빛유리|북극성시계|단풍제지|새우등조명"
        ),
        "capital": "<300-900/50>만 원|<2-9>천만 원|<1-5>억 원|소 두 마리 값",
        "staffsmall": "세 명|네 명|다섯 명|여섯 명|<7-19>명",
        "staff": "<120-980/10>명|<1-9>,<100-980/10>명|<21-98>명",
        "firstproduct": "접는 우산|휴대용 라디오|나무 팽이|간장 사탕|등산용 물통|손목시계|쌀 과자|모기장|연필깎이|자전거 전조등",
        "hit": "말하는 주전자|접이식 책상|소리 없는 선풍기|바닷물 비누|햇빛 손전등|씻어 쓰는 빨대|걷는 화분|두 바퀴 유모차|구운 김 과자|종이 스피커",
        "hitsold": "<10-95>만 개|<100-480/10>만 개|<2-9>만 대|<11-60>만 대",
        "rivalloss": "공장 화재|원료값 폭등|큰 홍수|환율 급등|부품 결함|창고 붕괴",
        "branches": "<3-24>곳|다섯 곳|일곱 곳|열두 곳",
        "mascot": "수달|두루미|고슴도치|다람쥐|해달|부엉이|도롱뇽|제비",
        "percent": "<2-30>%|<3-25>퍼센트|<1-9>.<1-9>%",
        "charity": "섬마을 도서관 짓기|멸종 위기 새 보호|바닷가 청소|점자책 만들기|숲 가꾸기|급식 나눔",
        "benefit": "한 달짜리 안식 휴가|금요일 반일 근무|아이와 함께 출근하는 날|책값 지원|점심 낮잠 시간|생일 휴가",
        "invention": (
            "물레시계|바람풍금|소금등|빗물저울|그림자자|안개그물|모래전등|달빛거울|접이배|눈길썰매차|소리지도|이슬병|파도펌프|별자판|불씨통|얼음수레|물결시계|짚풍선|연기피리|무게나침반|소금풍차|빛우산|두레박차|종이우물|바늘풍차|모래피리|달력상자|바람저울"
        ),
        "purpose": (
            "밤바다에서 시간을 재는 일|빗물의 양을 다는 일|안개에서 물을 얻는 일|눈길로 짐을 나르는 일|등대의 불을 지키는 일|소리로 길을 알려 주는 일|"
            "흐린 물을 거르는 일|곡식의 습기를 재는 일"
        ),
        "material": "대나무와 놋쇠|오동나무|구리판|삼베와 밀랍|얇은 함석|조개껍데기|유리관과 솜|느릅나무 껍질|자작나무",
        "clue": "처마 끝의 고드름|아이들의 팽이|거미줄에 맺힌 이슬|베틀의 북|물레방아|부엌의 시루|갈매기의 날갯짓|닳은 맷돌",
        "weight": "<2-19>kg|<300-900/50>g|<1-4>.<1-9>kg",
        "trials": "<12-98>번|<100-480/10>번|열아홉 번|서른두 번",
        "flaw": "습기에 약하다는 점|너무 무겁다는 점|소리가 크다는 점|겨울에 얼어붙는다는 점|부품을 구하기 어렵다는 점|바람이 없으면 멈춘다는 점",
        "fix": "옻칠을 입히는 방법|추를 두 개로 나누는 방법|솜을 덧대는 방법|소금물을 채우는 방법|나사를 나무못으로 바꾸는 방법|톱니를 줄이는 방법",
        "island": "갈매섬|솔여섬|두귀섬|물범도|안개섬|소금섬|바람도|동백여|거북머리섬|노루섬|은모래섬|달섬|까치여|새벽도|구슬섬|긴꼬리섬|목화섬|은비늘섬|팽나무섬|두레섬|눈썹섬|조롱박섬|고동섬|보리섬|세모섬|물수리섬|돛단여|가마솥섬",
        "sea": "서해|남해|동해|제주 앞바다|다도해",
        "area": "<1-9>.<1-9>제곱킬로미터|<12-48>제곱킬로미터|<2-9>만 제곱미터",
        "houses": "<12-64>가구|<7-30>채|마흔 가구|스물두 가구",
        "animal": "물범|산양|노랑부리백로|수달|흑비둘기|사슴|팔색조|반딧불이|매|말똥가리",
        "mountain": "큰봉|깃대봉|할미봉|솔봉|망재|매봉|구름봉|달맞이봉",
        "height": "<110-680>미터|<98-390>m",
        "boat": "하루 한 번|하루 두 번|이틀에 한 번|일주일에 세 번|하루 네 번",
        "boatname": "새벽별호|파랑새호|갈매기호|물결호|은하수호|동백호",
        "hours": "<40-90/10>분|<1-3>시간|두 시간 반|<1-2>시간 <10-50/10>분",
        "catch": "멸치|꽃게|전복|김|미역|갈치|톳|문어|홍합|소라",
        "wind": "초속 <20-48>미터|초속 <18-39>m",
        "color": "붉은색|흰색|노란색|초록색과 흰색|주황색|푸른색",
        "stone": "거북바위|촛대바위|부부바위|코끼리바위|병풍바위|독수리바위",
        "library": (
            "느티나무도서관|물빛도서관|고래도서관|언덕길도서관|골목책방도서관|달팽이도서관|기차역도서관|솔바람도서관|나루도서관|등대도서관|오솔길도서관|다락방도서관|우체통도서관|모래시계도서관|단풍나무도서관|숲속도서관|감나무집도서관|파도소리도서관|굴뚝도서관|그네도서관|첫눈도서관|초승달도서관|은행나무길도서관|돌담도서관|사과나무도서관|징검다리도서관"
        ),
        "oldplace": "낡은 양조장|기차역 대합실|소금 창고|옛 목욕탕|문 닫은 극장|쌀 창고|연탄 공장|우체국 건물",
        "books": "<2-9>천 권|<1-9>만 권|<12-48>만 권|<1-9>만 <2-9>천 권",
        "special": "점자책|옛 지도|시집|바다 그림책|요리책|만화책|오래된 악보|씨앗|여행기",
        "floors": "2층|3층|4층|5층|반지하",
        "floorthing": "별을 보는 방|뜨개질 방|영화를 트는 방|악기 연습실|낮잠 자는 다락|인쇄 체험실|아이들 놀이방",
        "hoursopen": "밤 <9-11>시|자정|오후 <6-8>시|저녁 <7-8>시 반",
        "weekday": "월요일|화요일|둘째 수요일|금요일|첫째 월요일",
        "loan": "<5-20>권|일곱 권|열 권",
        "loandays": "<10-30>일|이 주|3주|한 달",
        "cat": "보리|먹물|구름|호두|책갈피|단추",
        "readers": "<120-980/10>명|<1-6>천 명|<45-98>명",
        "course": "자서전 쓰기|책 만들기|그림책 읽기|옛 글씨 배우기|시 낭송|동네 지도 그리기",
        "donor": "어느 뱃사람|은퇴한 교사|이름을 밝히지 않은 할머니|옛 양조장 주인|동네 빵집 주인|쌍둥이 자매",
    }.items()
}

_TOPIC_TEXT = """
# village
slots: name=village place=province founded=past founder=person families origin population crop treeage tree feastday food bridgeyear=late stream bridge minutes closed=late reuse head=person paper snow station buses treasure
{name:은/는} {place} 산자락에 자리한 작은 마을이다.
{founded}에 {founder:이/가} 이웃 {families:과/와} 함께 들어와 논밭을 일군 것이 마을의 시작이라고 전한다.
마을 이름은 {origin:에서/에서} 따왔다고 한다.
지금은 {population:이/가} 살고 있으며, 주민 대부분은 {crop} 농사를 짓는다.
마을 한가운데에는 나이가 {treeage} 된 {tree:이/가} 서 있어 여름이면 넓은 그늘을 드리운다.
^주민들은 해마다 {feastday}에 그 나무 아래 모여 {food:을/를} 나누어 먹는다.
{bridgeyear}에는 {stream:을/를} 건너는 {bridge:이/가} 놓여, 읍내까지 가는 데 걸리는 시간이 {minutes:으로/로} 줄었다.
마을 학교는 아이들이 줄어 {closed}에 문을 닫았고, 빈 건물은 손질을 거쳐 {reuse:으로/로} 바뀌었다.
이장 {head:은/는} 마을 소식을 모은 신문을 {paper} 펴낸다.
겨울에는 눈이 {snow}까지 쌓여 며칠씩 길이 끊기기도 한다.
가장 가까운 기차역은 {station}인데, 마을에서 역까지 버스가 하루에 {buses} 다닌다.
마을 회관에는 조상들이 쓰던 {treasure:이/가} 유리 상자에 담겨 보관되어 있다.
? place: {name:은/는} 어디에 있는가? | {name:이/가} 자리한 고장은 어디인가요?
? founded: {name:은/는} 언제 시작되었다고 전하는가? | {name}에 사람들이 처음 들어온 해는 언제인가?
? founder: {name}에 처음 들어와 논밭을 일군 사람은 누구인가? | 이웃과 함께 {name:을/를} 일군 사람은 누구인가요?
? origin: {name}의 이름은 무엇에서 따왔는가? | {name:이/가} 이름을 얻은 까닭은 무엇인가요?
? population: {name}에는 지금 몇 명이 살고 있는가? | {name}의 주민은 몇 명인가요?
? crop: {name} 주민 대부분이 짓는 농사는 무엇인가? | {name}에서 주로 기르는 작물은 무엇인가요?
? treeage: {name} 한가운데에 있는 나무는 나이가 얼마나 되었는가?
? tree: {name} 한가운데에 서 있는 나무는 무엇인가? | {name}에서 여름에 그늘을 드리우는 나무의 종류는?
? feastday: {name} 주민들이 나무 아래 모이는 날은 언제인가?
? food: {name} 주민들이 나무 아래에서 나누어 먹는 음식은 무엇인가? | {name} 사람들이 해마다 함께 먹는 것은?
? stream: {name}의 다리는 어느 물을 건너는가?
? minutes: 다리가 놓인 뒤 {name}에서 읍내까지 걸리는 시간은 얼마인가?
? closed: {name}의 학교가 문을 닫은 해는 언제인가?
? reuse: {name}의 학교 건물은 무엇으로 바뀌었는가? | 문을 닫은 {name} 학교는 지금 무엇으로 쓰이나요?
? head: {name}의 신문을 펴내는 이장은 누구인가?
? paper: {name}의 이장은 신문을 얼마나 자주 펴내는가?
? snow: {name}에는 겨울에 눈이 어디까지 쌓이는가?
? station: {name}에서 가장 가까운 기차역은 어디인가?
? buses: {name}에서 역까지 버스는 하루에 몇 번 다니는가?
? treasure: {name}의 마을 회관에 보관되어 있는 것은 무엇인가?
! {name}의 초대 면장은 누구인가?
! {name:이/가} 관광지로 지정된 해는 언제인가?
! {name}의 특산 술은 무엇인가요?
! {name}에서 가장 나이가 많은 주민은 누구인가?

# festival
slots: name=festival city month year founder=person smallcrowd bigcrowd event clothes distance prize champion=person times composer=person cancelled=late reason price childage group helpers float
{name:은/는} 해마다 {month}에 {city}에서 열리는 축제다.
{year} {founder:이/가} 시장 골목에서 이웃들과 벌인 작은 잔치가 그 처음이었다.
첫해에는 {smallcrowd:이/가} 모였을 뿐이지만, 지난해에는 나라 안팎에서 {bigcrowd:이/가} 다녀갔다.
축제에서 가장 인기 있는 행사는 {event:으로/로}, 새벽부터 구경꾼이 자리를 잡는다.
참가자는 모두 {clothes:을/를} 걸치고 {distance:을/를} 걸어 행사장으로 들어간다.
우승한 사람에게는 {prize:이/가} 주어진다.
지금까지 가장 많이 이긴 사람은 {times} 우승한 {champion:이다/다}.
축제 노래는 {composer:이/가} 지었는데, 후렴이 쉬워서 아이들도 금세 따라 부른다.
{cancelled}에는 {reason} 때문에 축제가 열리지 못했다.
입장료는 {price:이며/며}, {childage} 이하 어린이는 돈을 내지 않는다.
준비는 {group:이/가} 맡고, 자원봉사자 {helpers:이/가} 길 안내와 청소를 돕는다.
마지막 날 밤에는 다 함께 {float:을/를} 물에 띄우며 한 해의 복을 빈다.
? city: {name:은/는} 어느 도시에서 열리는가? | {name:이/가} 열리는 곳은 어디인가요?
? month: {name:은/는} 언제 열리는가? | {name:은/는} 해마다 몇 월에 열리나요?
? year: {name}의 첫 잔치가 벌어진 해는 언제인가? | {name:은/는} 몇 년에 처음 열렸는가?
? founder: {name}의 처음이 된 잔치를 벌인 사람은 누구인가?
? smallcrowd: {name}의 첫해에는 몇 명이 모였는가?
? bigcrowd: 지난해 {name}에는 몇 명이 다녀갔는가?
? event: {name}에서 가장 인기 있는 행사는 무엇인가? | {name}에서 구경꾼이 가장 많이 찾는 행사는?
? clothes: {name} 참가자는 무엇을 걸치는가?
? distance: {name} 참가자가 행사장까지 걷는 거리는 얼마인가?
? prize: {name}에서 우승하면 무엇을 받는가? | {name}의 우승 상품은 무엇인가요?
? champion: {name}에서 가장 많이 우승한 사람은 누구인가?
? times: {name}에서 가장 많이 이긴 사람은 몇 번 우승했는가?
? composer: {name}의 노래를 지은 사람은 누구인가?
? cancelled: {name:이/가} 열리지 못한 해는 언제인가?
? reason: {name:이/가} 한 해 열리지 못한 까닭은 무엇인가?
? price: {name}의 입장료는 얼마인가?
? childage: {name:은/는} 몇 살 이하 어린이에게 돈을 받지 않는가?
? group: {name}의 준비를 맡은 단체는 어디인가?
? helpers: {name:을/를} 돕는 자원봉사자는 몇 명인가?
? float: {name} 마지막 날 밤에 물에 띄우는 것은 무엇인가?
! {name:을/를} 후원하는 은행은 어디인가?
! {name}의 상징 동물은 무엇인가?
! {name:이/가} 방송에 처음 나온 해는 언제인가요?
! {name}의 심사 위원장은 누구인가?

# person
slots: name=person birth city job father=parentjob mother=parentjob age=youngage school subject teacher=person advice span workplace debut book sold abroad country masterpiece award awardyear spouse=person children hobby drink museum
{name:은/는} {birth} {city}에서 태어난 {job:이다/다}.
아버지는 {father:이었고/였고}, 어머니는 {mother:이었다/였다}.
{age}에 {school}에 들어가 {subject:을/를} 배웠다.
스승 {teacher:은/는} 늘 "{advice}"라고 가르쳤다고 한다.
학교를 마친 뒤에는 {span} 동안 {workplace}에서 일하며 기술을 익혔다.
{debut}에 첫 책 『{book:』을/』를} 펴냈고, 이 책은 지금까지 {sold:이/가} 팔렸다.
{abroad}에는 {country:으로/로} 건너가 대표작인 {masterpiece:을/를} 만들었다.
^이 일로 {awardyear}에 {award:을/를} 받았으나, 시상식에는 나가지 않았다.
{spouse:과/와} 결혼하여 {children:을/를} 두었다.
취미는 {hobby:이었고/였고}, 아침마다 {drink:을/를} 한 잔씩 마셨다고 전한다.
손때 묻은 연장과 공책은 {museum}에 전시되어 있다.
? city: {name:이/가} 태어난 곳은 어디인가? | {name}의 고향은 어디인가요?
? birth: {name:은/는} 언제 태어났는가? | {name:이/가} 태어난 해는 언제인가요?
? job: {name}의 직업은 무엇인가? | {name:은/는} 어떤 일을 한 사람인가요?
? father: {name}의 아버지는 무슨 일을 했는가?
? mother: {name}의 어머니는 무슨 일을 했는가?
? age: {name:이/가} 학교에 들어간 것은 몇 살 때인가?
? school: {name:이/가} 다닌 학교는 어디인가?
? subject: {name:이/가} 학교에서 배운 것은 무엇인가?
? teacher: {name}의 스승은 누구인가?
? advice: {name}의 스승은 무엇이라고 가르쳤는가?
? span: {name:이/가} 학교를 마친 뒤 일한 기간은 얼마인가?
? workplace: {name:이/가} 학교를 마친 뒤 일한 곳은 어디인가?
? debut: {name:이/가} 첫 책을 펴낸 해는 언제인가?
? book: {name}의 첫 책 제목은 무엇인가? | {name:이/가} 처음 펴낸 책은 무엇인가요?
? sold: {name}의 첫 책은 얼마나 팔렸는가?
? country: {name:이/가} 대표작을 만든 나라는 어디인가? | {name:이/가} 건너간 나라는 어디인가요?
? masterpiece: {name}의 대표작은 무엇인가?
? award: {name:이/가} 받은 상은 무엇인가?
? awardyear: {name:이/가} 상을 받은 해는 언제인가?
? spouse: {name}의 배우자는 누구인가? | {name:과/와} 결혼한 사람은 누구인가요?
? children: {name}의 자녀는 어떻게 되는가?
? hobby: {name}의 취미는 무엇이었는가?
? drink: {name:이/가} 아침마다 마신 것은 무엇인가?
? museum: {name}의 연장과 공책은 어디에 전시되어 있는가?
! {name:이/가} 마지막으로 펴낸 책은 무엇인가?
! {name}의 제자는 누구인가?
! {name:은/는} 몇 살에 결혼했는가?
! {name:이/가} 세상을 떠난 곳은 어디인가요?

# company
slots: name=company year founder=person city capital staffsmall firstproduct hit hityear=late hitsold designer=person crisis=late loss=rivalloss savior=person staff branches country mascot percent charity benefit
{name:은/는} {year} {founder:이/가} {city}에 세운 회사다.
처음에는 {capital:으로/로} 빌린 창고에서 직원 {staffsmall:이/가} {firstproduct:을/를} 만들어 팔았다.
이름을 널리 알린 것은 {hityear}에 내놓은 {hit:이었다/였다}.
^이 물건은 {designer:이/가} 설계했으며, 지금까지 {hitsold:이/가} 팔렸다.
{crisis}에는 {loss:으로/로} 문을 닫을 뻔했지만, 당시 공장장이던 {savior:이/가} 월급을 미루어 가며 회사를 살려 냈다.
현재 직원은 {staff:이고/고}, 나라 안에 지점 {branches:을/를} 두고 있다.
나라 밖에서는 {country}에 가장 많이 판다.
회사를 나타내는 동물은 {mascot:으로/로}, 포장마다 작게 그려져 있다.
해마다 이익의 {percent:을/를} 떼어 {charity}에 쓴다.
직원들이 가장 좋아하는 제도는 {benefit:이라고/라고} 한다.
? year: {name:이/가} 세워진 해는 언제인가? | {name:은/는} 언제 세워졌나요?
? founder: {name:을/를} 세운 사람은 누구인가? | {name}의 창업자는 누구인가요?
? city: {name:은/는} 어느 도시에 세워졌는가?
? capital: {name:은/는} 처음에 얼마로 창고를 빌렸는가?
? staffsmall: {name}의 처음 직원은 몇 명이었는가?
? firstproduct: {name:이/가} 처음 만들어 판 것은 무엇인가? | {name}의 첫 제품은 무엇인가요?
? hit: {name}의 이름을 널리 알린 물건은 무엇인가?
? hityear: {name:이/가} 이름을 알린 물건을 내놓은 해는 언제인가?
? designer: {name}의 이름을 알린 물건을 설계한 사람은 누구인가?
? hitsold: {name}의 이름을 알린 물건은 지금까지 얼마나 팔렸는가?
? crisis: {name:이/가} 문을 닫을 뻔한 해는 언제인가?
? loss: {name:이/가} 문을 닫을 뻔한 까닭은 무엇인가?
? savior: 월급을 미루어 가며 {name:을/를} 살려 낸 공장장은 누구인가?
? staff: {name}의 현재 직원은 몇 명인가?
? branches: {name:은/는} 나라 안에 지점을 몇 곳 두고 있는가?
? country: {name:이/가} 나라 밖에서 물건을 가장 많이 파는 곳은 어디인가?
? mascot: {name:을/를} 나타내는 동물은 무엇인가?
? percent: {name:은/는} 이익의 얼마를 좋은 일에 쓰는가?
? charity: {name:은/는} 이익의 일부를 어디에 쓰는가?
? benefit: {name} 직원들이 가장 좋아하는 제도는 무엇인가?
! {name}의 지난해 매출은 얼마인가?
! {name:이/가} 증시에 오른 해는 언제인가?
! {name}의 현재 대표는 누구인가요?
! {name:이/가} 사들인 회사는 어디인가?

# invention
slots: name=invention year inventor=person job purpose clue material weight trials helper=person flaw fixer=person fix fixyear=late price country museum
{name:은/는} {year} {job} {inventor:이/가} 만든 기구로, {purpose}에 쓰였다.
만든 이는 {clue}에서 생각을 얻었다고 적었다.
몸통은 {material:으로/로} 짜 맞추었고, 무게는 {weight:이다/다}.
{trials} 실패한 끝에야 제대로 움직였는데, 마지막 실험은 조수 {helper:이/가} 맡았다.
가장 큰 약점은 {flaw:이었다/였다}.
^{fixyear}에 {fixer:이/가} {fix:을/를} 찾아내면서 이 문제는 풀렸다.
처음 팔릴 때 값은 {price:이었다/였다}.
나라 밖에서는 {country} 사람들이 가장 먼저 받아들였다.
맨 처음 만든 한 대는 지금도 {museum}에서 볼 수 있다.
? year: {name:은/는} 언제 만들어졌는가? | {name:이/가} 나온 해는 언제인가요?
? inventor: {name:을/를} 만든 사람은 누구인가? | {name:은/는} 누가 발명했나요?
? job: {name:을/를} 만든 사람의 직업은 무엇인가?
? purpose: {name:은/는} 어떤 일에 쓰였는가? | {name}의 쓰임새는 무엇인가요?
? clue: {name:을/를} 만든 이는 무엇에서 생각을 얻었는가?
? material: {name}의 몸통은 무엇으로 만들었는가? | {name}의 재료는 무엇인가요?
? weight: {name}의 무게는 얼마인가?
? trials: {name:은/는} 몇 번 실패한 끝에 움직였는가?
? helper: {name}의 마지막 실험을 맡은 조수는 누구인가?
? flaw: {name}의 가장 큰 약점은 무엇이었는가?
? fixer: {name}의 약점을 푼 사람은 누구인가?
? fix: {name}의 약점은 어떤 방법으로 풀렸는가?
? fixyear: {name}의 문제가 풀린 해는 언제인가?
? price: {name:은/는} 처음에 얼마에 팔렸는가?
? country: {name:을/를} 나라 밖에서 가장 먼저 받아들인 곳은 어디인가?
? museum: 맨 처음 만든 {name:은/는} 어디에서 볼 수 있는가?
! {name}의 특허 번호는 무엇인가?
! {name:을/를} 가장 많이 산 도시는 어디인가?
! {name:은/는} 지금까지 몇 대나 만들어졌나요?
! {name:을/를} 처음 소개한 신문은 무엇인가?

# island
slots: name=island sea area houses mountain height animal boatname boat port hours catch lighthouse=year color keeper=person stone wind storm=late school=reuse teacher=person
{name:은/는} {sea}에 있는 섬으로, 넓이는 {area:이다/다}.
섬에는 {houses:이/가} 모여 살며, 대개 {catch:으로/로} 살림을 꾸린다.
가장 높은 곳은 {mountain:으로/로}, 높이가 {height}에 이른다.
이 섬은 {animal:이/가} 사는 곳으로 널리 알려져 있어, 봄이면 학자들이 찾아온다.
뭍으로 나가려면 {port:으로/로} 가는 배 {boatname:을/를} 타야 하는데, {boat} 다니고 {hours:이/가} 걸린다.
북쪽 끝에는 {lighthouse}에 세운 등대가 서 있으며, 지붕은 {color:이다/다}.
등대를 지키는 사람은 {keeper:으로/로}, 날마다 바다 날씨를 일기에 적는다.
남쪽 바닷가의 {stone:은/는} 해 질 무렵에 사진을 찍으려는 사람들로 붐빈다.
{storm}에는 바람이 {wind}까지 불어 선착장이 부서졌다.
아이들이 떠난 분교는 주민 {teacher:이/가} 손수 고쳐 {school:으로/로} 쓰고 있다.
? sea: {name:은/는} 어느 바다에 있는가? | {name:이/가} 있는 바다는 어디인가요?
? area: {name}의 넓이는 얼마인가?
? houses: {name}에는 얼마나 많은 집이 모여 사는가?
? catch: {name} 사람들은 대개 무엇으로 살림을 꾸리는가?
? mountain: {name}에서 가장 높은 곳은 어디인가?
? height: {name}에서 가장 높은 곳의 높이는 얼마인가?
? animal: {name:은/는} 어떤 동물이 사는 곳으로 알려져 있는가? | 학자들이 {name:을/를} 찾는 것은 어떤 동물 때문인가요?
? boatname: {name}에서 뭍으로 가는 배의 이름은 무엇인가?
? boat: {name}에서 뭍으로 가는 배는 얼마나 자주 다니는가?
? port: {name}에서 뭍으로 가는 배를 타면 어느 도시에 닿는가?
? hours: {name}에서 뭍까지 배로 얼마나 걸리는가?
? lighthouse: {name}의 등대는 언제 세웠는가?
? color: {name} 등대의 지붕은 무슨 색인가?
? keeper: {name}의 등대를 지키는 사람은 누구인가?
? stone: {name} 남쪽 바닷가에서 사진을 찍으려는 사람들로 붐비는 곳은 어디인가?
? wind: {name}의 선착장이 부서졌을 때 바람은 얼마나 세게 불었는가?
? storm: {name}의 선착장이 부서진 해는 언제인가?
? school: {name}의 분교는 지금 무엇으로 쓰이는가?
? teacher: {name}의 분교를 손수 고친 사람은 누구인가?
! {name}에 다리가 놓인 해는 언제인가?
! {name}의 약수터 이름은 무엇인가?
! {name:을/를} 배경으로 찍은 영화는 무엇인가요?
! {name}의 어촌 계장은 누구인가?

# library
slots: name=library year founder=person city oldplace donor books special floors floorthing hoursopen weekday loan loandays cat course teacher=person readers
{name:은/는} {year} {founder:이/가} {city}의 {oldplace:을/를} 고쳐 연 도서관이다.
공사에 든 돈은 {donor:이/가} 내놓았다고 한다.
책은 모두 {books}이며, 그 가운데 {special:을/를} 모아 둔 서가가 이름나 있다.
{floors}에는 {floorthing:이/가} 있어 식구끼리 많이 찾는다.
평일에는 {hoursopen}까지 문을 열고, {weekday}에는 쉰다.
한 사람이 {loan}까지 {loandays} 동안 빌릴 수 있다.
입구에는 {cat:이라는/라는} 이름의 고양이가 살아서 아이들의 사랑을 받는다.
가장 오래된 강좌는 {course:으로/로}, {teacher:이/가} 맡아 가르친다.
한 달에 {readers:이/가} 드나든다.
? year: {name:이/가} 문을 연 해는 언제인가? | {name:은/는} 언제 열었나요?
? founder: {name:을/를} 연 사람은 누구인가?
? city: {name:이/가} 있는 도시는 어디인가?
? oldplace: {name:은/는} 원래 어떤 곳을 고쳐 만들었는가? | {name} 자리는 본래 무엇이었나요?
? donor: {name}의 공사비를 내놓은 사람은 누구인가?
? books: {name}에는 책이 얼마나 있는가?
? special: {name}에서 이름난 서가에는 무엇을 모아 두었는가?
? floors: {name}에서 식구끼리 많이 찾는 방은 몇 층에 있는가?
? floorthing: {name}에서 식구끼리 많이 찾는 곳은 어디인가?
? hoursopen: {name:은/는} 평일에 몇 시까지 여는가?
? weekday: {name:이/가} 쉬는 날은 언제인가?
? loan: {name}에서는 한 사람이 책을 몇 권까지 빌릴 수 있는가?
? loandays: {name}의 책은 얼마 동안 빌릴 수 있는가?
? cat: {name} 입구에 사는 고양이의 이름은 무엇인가?
? course: {name}에서 가장 오래된 강좌는 무엇인가?
? teacher: {name}의 가장 오래된 강좌를 맡은 사람은 누구인가?
? readers: {name}에는 한 달에 몇 명이 드나드는가?
! {name}의 건물을 설계한 사람은 누구인가?
! {name}에서 가장 많이 빌려 간 책은 무엇인가?
! {name}의 늦은 반납료는 얼마인가요?
! {name:이/가} 문을 닫은 해는 언제인가?
"""


def _parse(block: str) -> tuple[str, Topic]:
    head, slots, *lines = block.strip().splitlines()
    pairs = [item.split("=") if "=" in item else [item, item] for item in slots.removeprefix("slots: ").split()]
    topic = Topic({slot: bank for slot, bank in pairs}, [], {}, [])
    for line in lines:
        if line.startswith("? "):
            slot, questions = line[2:].split(": ", 1)
            topic.questions[slot] = [question.strip() for question in questions.split("|")]
        elif line.startswith("! "):
            topic.never.append(line[2:])
        else:
            topic.sentences.append(line)
    return head.removeprefix("# "), topic


# Name of the kind of article -> its sentences and questions.
TOPICS: dict[str, Topic] = dict(_parse(block) for block in _TOPIC_TEXT.strip().split("\n\n"))
